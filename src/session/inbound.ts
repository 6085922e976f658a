// QoS 2 towards the broker: the packet identifiers between PUBLISH and PUBREL [MQTT-4.3.3-10], and for each the sequence
// number under which the message is routed. The number is durable before the message leaves the session, so that a
// message that the client sends again after any crash is routed under the same number, and every hop can ignore it.

export interface InboundSnapshot {
  readonly nextSequence: number;
  /** Runs of consecutive identifiers with consecutive sequences: [first identifier, first sequence, how many]. */
  readonly runs: readonly (readonly [number, number, number])[];
}

export interface InboundEntry {
  readonly sequence: number;
  /** Known only in memory: whether every shard has confirmed it. */
  routed: boolean;
}

export class Inbound {
  #nextSequence: number;
  readonly #entries = new Map<number, InboundEntry>();
  /** Counts what has to be written. */
  changes = 0;

  constructor(snapshot: InboundSnapshot = { nextSequence: 1, runs: [] }) {
    this.#nextSequence = snapshot.nextSequence;
    for (const [identifier, sequence, count] of snapshot.runs) {
      for (let offset = 0; offset < count; offset++) {
        this.#entries.set(identifier + offset, { sequence: sequence + offset, routed: false });
      }
    }
  }

  get size(): number {
    return this.#entries.size;
  }

  entry(packetId: number): InboundEntry | undefined {
    return this.#entries.get(packetId);
  }

  /** A new QoS 2 message. */
  receive(packetId: number): InboundEntry {
    const entry = { sequence: this.#nextSequence++, routed: false };
    this.#entries.set(packetId, entry);
    this.changes++;
    return entry;
  }

  /** PUBREL, or a refusal, frees the identifier [MQTT-4.3.3-9] [MQTT-4.3.3-12]. False if it was not taken. */
  free(packetId: number): boolean {
    const known = this.#entries.delete(packetId);
    if (known) this.changes++;
    return known;
  }

  snapshot(): InboundSnapshot {
    const runs: [number, number, number][] = [];
    for (const [identifier, { sequence }] of this.#entries) {
      const last = runs.at(-1);
      if (last !== undefined && last[0] + last[2] === identifier && last[1] + last[2] === sequence) last[2]++;
      else runs.push([identifier, sequence, 1]);
    }
    return { nextSequence: this.#nextSequence, runs };
  }
}
