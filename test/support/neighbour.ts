// An innocent client that must not notice what others send: it stays connected and gets its own messages back.

import type { TestBroker } from "./broker.ts";
import { type PacketOf, RawClient } from "./raw-client.ts";

export class Neighbour {
  readonly #broker: () => TestBroker;
  readonly #topic = `neighbour/${Math.random().toString(36).slice(2)}`;
  #client: RawClient | undefined;
  #count = 0;

  constructor(broker: () => TestBroker) {
    this.#broker = broker;
  }

  async connect(): Promise<void> {
    const { client } = await RawClient.connect(this.#broker().url, { keepalive: 0 });
    // Stays through all tests of a file, so it is not cut after each.
    client.socket.keepOpen();
    await client.subscribe(this.#topic, 1);
    this.#client = client;
  }

  async expectAlive(): Promise<void> {
    const client = this.#client;
    if (client === undefined) throw new Error("the neighbour is not connected");
    this.#count += 1;
    const payload = String(this.#count);
    client.send({ cmd: "publish", topic: this.#topic, payload, qos: 1, messageId: 1, dup: false, retain: false });
    const answers = [await client.nextPacket(), await client.nextPacket()];
    const echo = answers.find((packet): packet is PacketOf<"publish"> => packet.cmd === "publish");
    if (echo?.payload.toString() !== payload) throw new Error(`the neighbour got ${JSON.stringify(answers)}`);
    client.send({ cmd: "puback", messageId: echo.messageId ?? 0 });
  }

  end(): void {
    this.#client?.socket.cut();
  }
}
