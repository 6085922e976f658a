// QoS 2 towards the broker: the packet identifiers between PUBLISH and PUBREL [MQTT-4.3.3-10], and for each the sequence
// number under which the message is routed. The number is durable before the message leaves the session, so that a
// message that the client sends again after any crash is routed under the same number, and every hop can ignore it.
//
// Every hop takes a number that is not above the last for one that it knows, so numbers have to arrive in their order. A
// client need not come again with an unfinished message before it sends another: it may have been told that the one
// before was refused, and not have heard it, or send new ones first. So a message that comes while older ones may come
// again is numbered in another stream, which hops tell apart as they do publishers.
//
// They are one row while they are few, which is nearly always. A client may have 65,535 of them open and release them in
// any order: then each page of identifiers is a row, and only pages that changed are written.

/**
 * Consecutive identifiers with consecutive sequences: [first identifier, first sequence, how many, stream]. The stream is
 * left out when it is 0: earlier versions know no other.
 */
export type InboundRun = readonly [number, number, number, number?];
export type InboundRuns = readonly InboundRun[];

export interface InboundSnapshot {
  readonly nextSequence: number;
  readonly runs: InboundRuns;
  /** The row has no runs: pages have them. */
  readonly paged?: true;
}

/** The identifiers of one page; none, if all are free again. */
export interface InboundPage {
  readonly page: number;
  readonly runs: InboundRuns;
}

export interface InboundChanges {
  readonly inbound: InboundSnapshot;
  /** Those that changed. */
  readonly pages: readonly InboundPage[];
  /** There were pages, and are none any more. */
  readonly dropsPages: boolean;
}

export interface InboundEntry {
  readonly sequence: number;
  readonly stream: number;
  /** Known only in memory: whether every shard has confirmed it. */
  routed: boolean;
  /** Not on this connection yet, as far as is known: it may come again, behind others. */
  isAwaited: boolean;
}

/** Identifiers of a page, and of all while they are one row: some 27 kB at worst. */
const pageSize = 1_024;

export class Inbound {
  #nextSequence: number;
  readonly #entries = new Map<number, InboundEntry>();
  /** Of each stream how many are awaited. */
  readonly #awaited: number[] = [];
  #isPaged: boolean;
  /** Pages of what has to be written. */
  readonly #touched = new Set<number>();

  constructor(snapshot: InboundSnapshot = { nextSequence: 1, runs: [] }) {
    this.#nextSequence = snapshot.nextSequence;
    this.#isPaged = snapshot.paged === true;
    for (const [identifier, sequence, count, stream = 0] of snapshot.runs) {
      for (let offset = 0; offset < count; offset++) {
        const entry = { sequence: sequence + offset, stream, routed: false, isAwaited: false };
        this.#entries.set(identifier + offset, entry);
        this.#await(entry);
      }
    }
  }

  get size(): number {
    return this.#entries.size;
  }

  get nextSequence(): number {
    return this.#nextSequence;
  }

  /** All of it, wherever its rows are. */
  whole(): Pick<InboundSnapshot, "nextSequence" | "runs"> {
    return { nextSequence: this.#nextSequence, runs: runsOf(this.#entries) };
  }

  /** It came from elsewhere: all of it has to be written. */
  rewrite(): void {
    for (const packetId of this.#entries.keys()) this.#touched.add(pageOf(packetId));
    this.#touched.add(0);
  }

  entry(packetId: number): InboundEntry | undefined {
    return this.#entries.get(packetId);
  }

  /** A QoS 2 message comes, or comes again. */
  receive(packetId: number): InboundEntry {
    const known = this.#entries.get(packetId);
    if (known !== undefined) {
      this.#expectNoMore(known);
      return known;
    }
    const entry = { sequence: this.#nextSequence++, stream: this.#freeStream(), routed: false, isAwaited: false };
    this.#entries.set(packetId, entry);
    this.#touched.add(pageOf(packetId));
    return entry;
  }

  /** A connection begins: what is unfinished may come again. */
  awaitAll(): void {
    for (const entry of this.#entries.values()) if (!entry.routed && !entry.isAwaited) this.#await(entry);
  }

  /** PUBREL, or a refusal, frees the identifier [MQTT-4.3.3-9] [MQTT-4.3.3-12]. False if it was not taken. */
  free(packetId: number): boolean {
    const known = this.#entries.get(packetId);
    if (known === undefined) return false;
    this.#expectNoMore(known);
    this.#entries.delete(packetId);
    this.#touched.add(pageOf(packetId));
    return true;
  }

  /** What has to be written since the last time; undefined if nothing has. */
  takeChanges(): InboundChanges | undefined {
    if (this.#touched.size === 0) return undefined;
    const wasPaged = this.#isPaged;
    // Back into one row only when they are a good deal fewer, so that it does not go to and fro.
    this.#isPaged = this.#entries.size > (wasPaged ? pageSize / 2 : pageSize);
    const pages = wasPaged ? [...this.#touched] : this.#pagesInUse();
    this.#touched.clear();
    const nextSequence = this.#nextSequence;
    if (!this.#isPaged) {
      return { inbound: { nextSequence, runs: runsOf(this.#entries) }, pages: [], dropsPages: wasPaged };
    }
    return {
      inbound: { nextSequence, runs: [], paged: true },
      pages: pages.map((page) => ({ page, runs: runsOf(this.#entriesOn(page)) })),
      dropsPages: false,
    };
  }

  #await(entry: InboundEntry): void {
    entry.isAwaited = true;
    this.#awaited[entry.stream] = (this.#awaited[entry.stream] ?? 0) + 1;
  }

  #expectNoMore(entry: InboundEntry): void {
    if (!entry.isAwaited) return;
    entry.isAwaited = false;
    this.#awaited[entry.stream] = (this.#awaited[entry.stream] ?? 0) - 1;
  }

  /** The first in which nothing older can come any more. */
  #freeStream(): number {
    let stream = 0;
    while ((this.#awaited[stream] ?? 0) > 0) stream++;
    return stream;
  }

  #pagesInUse(): number[] {
    return [...new Set(Array.from(this.#entries.keys(), pageOf))];
  }

  *#entriesOn(page: number): Generator<[number, InboundEntry]> {
    for (let packetId = page * pageSize + 1; packetId <= (page + 1) * pageSize; packetId++) {
      const entry = this.#entries.get(packetId);
      if (entry !== undefined) yield [packetId, entry];
    }
  }
}

function pageOf(packetId: number): number {
  return Math.floor((packetId - 1) / pageSize);
}

function runsOf(entries: Iterable<[number, InboundEntry]>): InboundRuns {
  const runs: [number, number, number, number?][] = [];
  for (const [identifier, { sequence, stream }] of entries) {
    const [first = 0, firstSequence = 0, count = 0, streamBefore = 0] = runs.at(-1) ?? [];
    const follows = first + count === identifier && firstSequence + count === sequence && streamBefore === stream;
    if (follows) (runs.at(-1) as number[])[2] = count + 1;
    else runs.push(stream === 0 ? [identifier, sequence, 1] : [identifier, sequence, 1, stream]);
  }
  return runs;
}
