// A subscriber that never gives up: comes back when its connection ends, acknowledges everything, and keeps what its
// application would see: a QoS 2 message once, however often it is resent before PUBREL.

import { Client, type Packet, uniqueId } from "./client.ts";

export class Consumer {
  readonly id = uniqueId("consumer");
  /** In the order of arrival. */
  readonly payloads: string[] = [];
  #client: Client | undefined;
  #stopped = false;
  readonly #unreleased = new Set<number>();
  #done: Promise<void> = Promise.resolve();

  static async subscribed(filter: string, qos: 0 | 1 | 2): Promise<Consumer> {
    const consumer = new Consumer();
    const client = await consumer.#connect();
    await client.subscribe(filter, qos);
    consumer.#done = consumer.#run(client);
    return consumer;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#client?.cut();
    await this.#done;
  }

  async #connect(): Promise<Client> {
    this.#client = await Client.insist({ persistent: true, clientId: this.id });
    return this.#client;
  }

  async #run(first: Client): Promise<void> {
    for (let client = first; ; ) {
      try {
        for (;;) this.#take(client, await client.next(60_000));
      } catch (error) {
        if (this.#stopped) return;
        if (!client.closed) throw error;
      }
      client = await this.#connect();
    }
  }

  #take(client: Client, packet: Packet): void {
    const messageId = packet.messageId ?? 0;
    if (packet.cmd === "pubrel") {
      this.#unreleased.delete(messageId);
      client.send({ cmd: "pubcomp", messageId });
    } else if (packet.cmd === "publish") {
      const isNew = packet.qos !== 2 || !this.#unreleased.has(messageId);
      if (packet.qos === 2) this.#unreleased.add(messageId);
      if (isNew) this.payloads.push(packet.payload.toString());
      if (packet.qos > 0) client.send({ cmd: packet.qos === 1 ? "puback" : "pubrec", messageId });
    }
  }
}

/** What was seen, each payload where it was seen first. */
export function firstSeen(payloads: readonly string[]): string[] {
  return [...new Set(payloads)];
}
