// A publisher that never gives up: what is not acknowledged is sent again, with DUP, on the next connection.

import { Client, publishPacket, uniqueId } from "./client.ts";

interface Message {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 1 | 2;
  readonly retain: boolean;
  released: boolean;
}

export class Producer {
  readonly id = uniqueId("producer");
  client: Client;
  #nextPacketId = 1;
  /** Unfinished, oldest first: PUBREL is due once `released`. */
  readonly #unfinished = new Map<number, Message>();

  private constructor() {
    this.client = undefined as unknown as Client;
  }

  static async connected(): Promise<Producer> {
    const producer = new Producer();
    await producer.#connect();
    return producer;
  }

  /** In one frame. */
  send(topic: string, payloads: readonly string[], qos: 1 | 2, { retain = false } = {}): void {
    const packets = payloads.map((payload) => {
      const messageId = this.#nextPacketId++;
      this.#unfinished.set(messageId, { topic, payload, qos, retain, released: false });
      return this.client.encode(publishPacket(topic, payload, qos, { messageId, retain }));
    });
    this.client.sendBytes(Buffer.concat(packets));
  }

  /** Until everything is acknowledged, over as many connections as it takes. */
  async finish(): Promise<void> {
    while (this.#unfinished.size > 0) {
      try {
        this.#take(await this.client.next());
      } catch (error) {
        if (!this.client.closed) throw error;
        await this.#connect();
        this.#resend();
      }
    }
  }

  async #connect(): Promise<void> {
    this.client = await Client.insist({ version: 5, persistent: true, clientId: this.id });
  }

  #resend(): void {
    for (const [messageId, { topic, payload, qos, retain, released }] of this.#unfinished) {
      if (released) this.client.send({ cmd: "pubrel", messageId });
      else this.client.publish(topic, payload, qos, { messageId, retain, dup: true });
    }
  }

  #take(packet: Awaited<ReturnType<Client["next"]>>): void {
    const messageId = packet.messageId ?? 0;
    const message = this.#unfinished.get(messageId);
    if (packet.cmd === "puback" || packet.cmd === "pubcomp") this.#unfinished.delete(messageId);
    if (packet.cmd !== "pubrec" || message === undefined) return;
    message.released = true;
    this.client.send({ cmd: "pubrel", messageId });
  }
}
