// Topic aliases towards the client: a repeated topic shrinks to two bytes [MQTT-3.1.2-26]. The mapping lives with the
// connection [MQTT-3.3.2-7] and in memory alone: an object that slept names its topics anew, which sets them again.

export interface OutgoingAlias {
  /** 0 for none. */
  readonly alias: number;
  /** The client has seen it with its topic on this connection. */
  readonly isKnown: boolean;
}

const none: OutgoingAlias = { alias: 0, isKnown: false };
/** A topic that is shorter than the property that would replace it is sent as it is. */
const shortestTopic = 4;
/** What the mapping may take in memory: a client allows up to 65,535, and a topic may have as many bytes. */
const bytesMax = 256 * 1024;
const entryBytes = 64;

export class OutgoingAliases {
  #epoch = -1;
  readonly #aliases = new Map<string, number>();
  #bytes = 0;

  /** The alias to send with a topic: a known one, or the next free one while the client allows more, and there is room. */
  for(topic: string, connection: { readonly epoch: number; readonly topicAliasMaximum: number }): OutgoingAlias {
    if (this.#epoch !== connection.epoch) {
      this.#epoch = connection.epoch;
      this.#aliases.clear();
      this.#bytes = 0;
    }
    const known = this.#aliases.get(topic);
    if (known !== undefined) return { alias: known, isKnown: true };
    if (this.#aliases.size >= connection.topicAliasMaximum || topic.length < shortestTopic) return none;
    if (this.#bytes + bytesOf(topic) > bytesMax) return none;
    return { alias: this.#aliases.size + 1, isKnown: false };
  }

  topicOf(alias: number): string | undefined {
    for (const [topic, known] of this.#aliases) if (known === alias) return topic;
    return undefined;
  }

  sent(topic: string, alias: number): void {
    if (this.#aliases.has(topic)) return;
    this.#aliases.set(topic, alias);
    this.#bytes += bytesOf(topic);
  }
}

function bytesOf(topic: string): number {
  return entryBytes + 2 * topic.length;
}
