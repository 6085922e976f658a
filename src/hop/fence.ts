// The receiving end of a hop: remembers each source's last call and its answer, so that a repeated call changes nothing
// and gets the answer of the first. Memory only and bounded: what must hold across a reset has durable cursors of its own,
// and a call whose time is over is told by what the sender had the receiver write down (see CallKey).

import type { CallKey } from "./key.ts";

/** Of a source, as it was written down: it and all before it are over. */
export interface LastCall {
  readonly incarnation: number;
  readonly sequence: number;
}

interface Last<Answer> {
  incarnation: number;
  sequence: number;
  answer: Answer | undefined;
}

export type Admission<Answer> =
  | { readonly kind: "new" }
  /** Seen before. `answer` is known for the latest call alone: an older one has had its answer long ago. */
  | { readonly kind: "repeat"; readonly answer: Answer | undefined }
  | { readonly kind: "stale"; readonly known: number };

const admitted = { kind: "new" } as const;

export class Fence<Answer> {
  readonly #sources = new Map<string, Last<Answer>>();
  readonly #sourcesMax: number;
  readonly #recall: (source: string) => LastCall | undefined;

  constructor(sourcesMax: number, recall: (source: string) => LastCall | undefined = () => undefined) {
    this.#sourcesMax = sourcesMax;
    this.#recall = recall;
  }

  admit(key: CallKey): Admission<Answer> {
    const last = this.#sources.get(key.source) ?? this.#recalled(key.source);
    if (last === undefined) return this.#remember(key);
    if (key.incarnation < last.incarnation) return { kind: "stale", known: last.incarnation };
    if (key.incarnation > last.incarnation || key.sequence > last.sequence) return this.#remember(key);
    return { kind: "repeat", answer: key.sequence === last.sequence ? last.answer : undefined };
  }

  /** Keeps the answer to an admitted call for its repeats. */
  settle(key: CallKey, answer: Answer): void {
    const last = this.#sources.get(key.source);
    if (last?.incarnation === key.incarnation && last.sequence === key.sequence) last.answer = answer;
  }

  /** Forgets a call that failed, so that its repeat runs. */
  forget(key: CallKey): void {
    const last = this.#sources.get(key.source);
    if (last?.incarnation === key.incarnation && last.sequence === key.sequence) {
      last.sequence--;
      last.answer = undefined;
    }
  }

  #recalled(source: string): Last<Answer> | undefined {
    const last = this.#recall(source);
    return last === undefined ? undefined : { ...last, answer: undefined };
  }

  #remember(key: CallKey): Admission<Answer> {
    // Re-inserting keeps the map in order of last use: the first entry is the one unheard of for longest.
    this.#sources.delete(key.source);
    if (this.#sources.size >= this.#sourcesMax) {
      const oldest = this.#sources.keys().next();
      if (!oldest.done) this.#sources.delete(oldest.value);
    }
    this.#sources.set(key.source, { incarnation: key.incarnation, sequence: key.sequence, answer: undefined });
    return admitted;
  }
}
