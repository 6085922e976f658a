// QoS 2 towards the broker: the packet identifiers between PUBLISH and PUBREL [MQTT-4.3.3-10], and for each the sequence
// number under which the message is routed. The number is durable before the message leaves the session, so that a
// message that the client sends again after any crash is routed under the same number, and every hop can ignore it.
//
// One whose message was refused is free [MQTT-4.3.3-9], and its number is kept all the same: a client that did not hear
// the refusal sends the message again, ahead of others that have numbers behind it. Under a new number it would make
// every hop take those for known.
//
// They are one row while they are few, which is nearly always. A client may have 65,535 of them open and release them in
// any order: then each page of identifiers is a row, and only pages that changed are written.

/** Runs of consecutive identifiers with consecutive sequences: [first identifier, first sequence, how many]. */
export type InboundRuns = readonly (readonly [number, number, number])[];

/** Identifiers as a row has them. */
export interface InboundIdentifiers {
  readonly runs: InboundRuns;
  /** Those whose message was refused; absent if there are none. */
  readonly refused?: InboundRuns;
}

export interface InboundSnapshot extends InboundIdentifiers {
  readonly nextSequence: number;
  /** The row has no identifiers: pages have them. */
  readonly paged?: true;
}

/** The identifiers of one page; none, if nothing is known of any. */
export interface InboundPage extends InboundIdentifiers {
  readonly page: number;
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
  refused: boolean;
}

/** Identifiers of a page, and of all while they are one row: some 27 kB at worst. */
const pageSize = 1_024;

export class Inbound {
  #nextSequence: number;
  readonly #entries = new Map<number, InboundEntry>();
  #refusedCount = 0;
  #isPaged: boolean;
  /** Pages of what has to be written. */
  readonly #touched = new Set<number>();

  constructor(snapshot: InboundSnapshot = { nextSequence: 1, runs: [] }) {
    this.#nextSequence = snapshot.nextSequence;
    this.#isPaged = snapshot.paged === true;
    this.#restore(snapshot.runs, false);
    this.#restore(snapshot.refused ?? [], true);
  }

  /** How many are between PUBLISH and PUBREL. */
  get size(): number {
    return this.#entries.size - this.#refusedCount;
  }

  get nextSequence(): number {
    return this.#nextSequence;
  }

  /** The message under way under this identifier. */
  entry(packetId: number): InboundEntry | undefined {
    const entry = this.#entries.get(packetId);
    return entry?.refused === true ? undefined : entry;
  }

  /** A QoS 2 message under an identifier that is free. `again`: the client says that it has sent it before. */
  receive(packetId: number, again = false): InboundEntry {
    const before = this.#entries.get(packetId);
    const sequence = again && before?.refused === true ? before.sequence : this.#nextSequence++;
    const entry = { sequence, routed: false, refused: false };
    this.#put(packetId, entry);
    return entry;
  }

  /** The client is told that its message is refused [MQTT-4.3.3-9]. */
  refuse(packetId: number): void {
    const entry = this.entry(packetId);
    if (entry !== undefined) this.#put(packetId, { ...entry, refused: true });
  }

  /** PUBREL frees the identifier [MQTT-4.3.3-12]. False if it was not taken. */
  free(packetId: number): boolean {
    const known = this.entry(packetId) !== undefined;
    if (this.#entries.has(packetId)) this.#put(packetId, undefined);
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
      return { inbound: { nextSequence, ...identifiersOf(this.#entries) }, pages: [], dropsPages: wasPaged };
    }
    return {
      inbound: { nextSequence, runs: [], paged: true },
      pages: pages.map((page) => ({ page, ...identifiersOf(this.#entriesOn(page)) })),
      dropsPages: false,
    };
  }

  #restore(runs: InboundRuns, refused: boolean): void {
    for (const [identifier, sequence, count] of runs) {
      for (let offset = 0; offset < count; offset++) {
        this.#entries.set(identifier + offset, { sequence: sequence + offset, routed: false, refused });
        if (refused) this.#refusedCount++;
      }
    }
  }

  #put(packetId: number, entry: InboundEntry | undefined): void {
    if (this.#entries.get(packetId)?.refused === true) this.#refusedCount--;
    if (entry?.refused === true) this.#refusedCount++;
    // Anew at the end of the map: neighbours that are taken one after the other are one run.
    this.#entries.delete(packetId);
    if (entry !== undefined) this.#entries.set(packetId, entry);
    this.#touched.add(pageOf(packetId));
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

function identifiersOf(entries: Iterable<[number, InboundEntry]>): InboundIdentifiers {
  const runs: Run[] = [];
  const refused: Run[] = [];
  for (const [identifier, entry] of entries) extend(entry.refused ? refused : runs, identifier, entry.sequence);
  return refused.length === 0 ? { runs } : { runs, refused };
}

type Run = [identifier: number, sequence: number, count: number];

function extend(runs: Run[], identifier: number, sequence: number): void {
  const last = runs.at(-1);
  if (last !== undefined && last[0] + last[2] === identifier && last[1] + last[2] === sequence) last[2]++;
  else runs.push([identifier, sequence, 1]);
}
