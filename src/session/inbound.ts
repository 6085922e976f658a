// QoS 2 towards the broker: the packet identifiers between PUBLISH and PUBREL [MQTT-4.3.3-10], and for each the sequence
// number under which the message is routed. The number is durable before the message leaves the session, so that a
// message that the client sends again after any crash is routed under the same number, and every hop can ignore it.
//
// They are one row while they are few, which is nearly always. A client may have 65,535 of them open and release them in
// any order: then each page of identifiers is a row, and only pages that changed are written.

/** Runs of consecutive identifiers with consecutive sequences: [first identifier, first sequence, how many]. */
export type InboundRuns = readonly (readonly [number, number, number])[];

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
  /** Known only in memory: whether every shard has confirmed it. */
  routed: boolean;
}

/** Identifiers of a page, and of all while they are one row: some 27 kB at worst. */
const pageSize = 1_024;

export class Inbound {
  #nextSequence: number;
  readonly #entries = new Map<number, InboundEntry>();
  #isPaged: boolean;
  /** Pages of what has to be written. */
  readonly #touched = new Set<number>();

  constructor(snapshot: InboundSnapshot = { nextSequence: 1, runs: [] }) {
    this.#nextSequence = snapshot.nextSequence;
    this.#isPaged = snapshot.paged === true;
    for (const [identifier, sequence, count] of snapshot.runs) {
      for (let offset = 0; offset < count; offset++) {
        this.#entries.set(identifier + offset, { sequence: sequence + offset, routed: false });
      }
    }
  }

  get size(): number {
    return this.#entries.size;
  }

  get nextSequence(): number {
    return this.#nextSequence;
  }

  entry(packetId: number): InboundEntry | undefined {
    return this.#entries.get(packetId);
  }

  /** A new QoS 2 message. */
  receive(packetId: number): InboundEntry {
    const entry = { sequence: this.#nextSequence++, routed: false };
    this.#entries.set(packetId, entry);
    this.#touched.add(pageOf(packetId));
    return entry;
  }

  /** PUBREL, or a refusal, frees the identifier [MQTT-4.3.3-9] [MQTT-4.3.3-12]. False if it was not taken. */
  free(packetId: number): boolean {
    const known = this.#entries.delete(packetId);
    if (known) this.#touched.add(pageOf(packetId));
    return known;
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
  const runs: [number, number, number][] = [];
  for (const [identifier, { sequence }] of entries) {
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[2] === identifier && last[1] + last[2] === sequence) last[2]++;
    else runs.push([identifier, sequence, 1]);
  }
  return runs;
}
