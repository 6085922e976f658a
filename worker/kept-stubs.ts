// Stubs that an object keeps of the objects that it calls again and again. On the local runtime a new one for each call costs a
// tenth of the call, and has the garbage collected ten times as often: see decision 36. A stub is only the way to an object: it
// keeps nobody awake.

import { counters } from "./counters.ts";
import { isOverloaded } from "./retry.ts";

/** A stub that was not used for so long may have been broken meanwhile, and is cheap to replace. */
const keptMs = 1_000;
/** No caller has given a call up by then. */
const atOnceMs = 500;

interface Kept<Stub> {
  readonly stub: Stub;
  usedAtMs: number;
}

export class KeptStubs<Name, Stub> {
  readonly #make: (name: Name) => Stub;
  readonly #max: number;
  /** Those that were used last are at the end. */
  readonly #stubs = new Map<Name, Kept<Stub>>();

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

  /**
   * The same for a call that its receiver recognises when it comes twice: if it fails over a stub that was kept, which may have
   * been broken before, it is made again at once over a new one. What was broken before fails at once: a call that fails later
   * may have been given up, and others sent that must not be followed by it. `onAgain` is told before that: the first may have
   * been carried out.
   */
  async callAgain<Answer>(
    name: Name,
    call: (stub: Stub) => Promise<Answer>,
    onAgain: () => void = () => {},
  ): Promise<Answer> {
    const wasKept = this.#isKept(name);
    const startedMs = Date.now();
    try {
      return await this.call(name, call);
    } catch (error) {
      if (!wasKept || isOverloaded(error) || Math.abs(Date.now() - startedMs) >= atOnceMs) throw error;
      onAgain();
      counters.add("call_retries");
      counters.add("object_calls");
      return this.call(name, call);
    }
  }

  /** For a call that was not answered in time: whoever is called next should not wait for the same way. */
  drop(name: Name): void {
    this.#stubs.delete(name);
  }

  #isKept(name: Name): boolean {
    const kept = this.#stubs.get(name);
    return kept !== undefined && Math.abs(Date.now() - kept.usedAtMs) <= keptMs;
  }

  #take(name: Name): Stub {
    const known = this.#isKept(name) ? this.#stubs.get(name) : undefined;
    const kept = known ?? { stub: this.#make(name), usedAtMs: 0 };
    kept.usedAtMs = Date.now();
    this.#stubs.delete(name);
    this.#stubs.set(name, kept);
    if (this.#stubs.size > this.#max) this.#stubs.delete(this.#stubs.keys().next().value as Name);
    return kept.stub;
  }
}
