// Stubs that an object keeps of the objects that it calls again and again. On the local runtime a new one for each call costs a
// tenth of the call, and has the garbage collected ten times as often: see decision 36. A stub is only the way to an object: it
// keeps nobody awake.

export class KeptStubs<Name, Stub> {
  readonly #make: (name: Name) => Stub;
  readonly #max: number;
  /** Those that were used last are at the end. */
  readonly #stubs = new Map<Name, Stub>();

  /** At most `max` are kept: those that were used last. */
  constructor(make: (name: Name) => Stub, max: number) {
    this.#make = make;
    this.#max = max;
  }

  /** Makes a call. If it fails, the next one goes by another stub: after a reset of its object a stub is broken for good. */
  async call<Answer>(name: Name, call: (stub: Stub) => Promise<Answer>): Promise<Answer> {
    try {
      return await call(this.#take(name));
    } catch (error) {
      this.drop(name);
      throw error;
    }
  }

  /** For a call that was not answered in time: whoever is called next should not wait for the same way. */
  drop(name: Name): void {
    this.#stubs.delete(name);
  }

  #take(name: Name): Stub {
    const kept = this.#stubs.get(name);
    const stub = kept ?? this.#make(name);
    if (kept !== undefined) this.#stubs.delete(name);
    this.#stubs.set(name, stub);
    if (this.#stubs.size > this.#max) this.#stubs.delete(this.#stubs.keys().next().value as Name);
    return stub;
  }
}
