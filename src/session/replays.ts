// Where the retained messages of a session's new subscriptions have come to, and which next pages are being asked for.

/** The page behind `after`, of one subscription in one shard. */
export interface Replay {
  readonly filter: string;
  readonly shard: number;
  readonly after: string;
}

export class Replays {
  readonly #replays = new Map<string, Replay>();
  readonly #asked = new Set<string>();

  constructor(stored: readonly Replay[]) {
    for (const replay of stored) this.put(replay);
  }

  get size(): number {
    return this.#replays.size;
  }

  get(shard: number, filter: string): Replay | undefined {
    return this.#replays.get(keyOf(shard, filter));
  }

  put(replay: Replay): void {
    const key = keyOf(replay.shard, replay.filter);
    this.#replays.set(key, replay);
    this.#asked.delete(key);
  }

  delete({ shard, filter }: Pick<Replay, "shard" | "filter">): boolean {
    const key = keyOf(shard, filter);
    this.#asked.delete(key);
    return this.#replays.delete(key);
  }

  of(filter: string): Replay[] {
    return this.#replays.size === 0 ? [] : [...this.#replays.values()].filter((replay) => replay.filter === filter);
  }

  /** Pages that were asked for and have not come. */
  get askedFor(): number {
    return this.#asked.size;
  }

  /** One that nobody has asked for, if there is any; from now on somebody has. */
  takeWaiting(): Replay | undefined {
    for (const [key, replay] of this.#replays) {
      if (this.#asked.has(key)) continue;
      this.#asked.add(key);
      return replay;
    }
    return undefined;
  }

  /** The question came to nothing. */
  release({ shard, filter }: Pick<Replay, "shard" | "filter">): void {
    this.#asked.delete(keyOf(shard, filter));
  }

  clear(): number {
    const { size } = this.#replays;
    this.#replays.clear();
    this.#asked.clear();
    return size;
  }
}

function keyOf(shard: number, filter: string): string {
  return `${shard} ${filter}`;
}
