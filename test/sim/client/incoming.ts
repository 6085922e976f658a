// What a client receives, and the acknowledgements it owes. Identifiers of QoS 2 messages between PUBLISH and PUBREL are
// as durable as the client's session: a message that comes again under one of them is acknowledged, not received.

import type { IPublishPacket, Packet } from "mqtt-packet";

export class Incoming {
  /** Identifier → payload. */
  readonly #held = new Map<number, string>();
  /** Identifiers that the broker has under way on this connection. */
  readonly #underway = new Set<number>();
  #owed: Packet[] = [];
  receiveMaximum = 65_535;

  get owes(): boolean {
    return this.#owed.length > 0;
  }

  forget(): void {
    this.#held.clear();
    this.rewind();
  }

  rewind(): void {
    this.#underway.clear();
    this.#owed = [];
  }

  /** True if the application gets it. Throws what the broker did wrong. */
  publish(packet: IPublishPacket, payload: string): boolean {
    if (packet.qos === 0) return true;
    const packetId = packet.messageId ?? 0;
    if (this.#underway.has(packetId)) throw new Error(`identifier ${packetId} twice on one connection`);
    this.#begin(packetId);
    if (packet.qos === 1) {
      this.#owed.push({ cmd: "puback", messageId: packetId });
      return true;
    }
    this.#owed.push({ cmd: "pubrec", messageId: packetId });
    const held = this.#held.get(packetId);
    if (held !== undefined && held !== payload) throw new Error(`identifier ${packetId} of "${held}" for "${payload}"`);
    if (held !== undefined && !packet.dup) throw new Error(`"${payload}" comes again without DUP`);
    this.#held.set(packetId, payload);
    return held === undefined;
  }

  release(packetId: number): void {
    this.#held.delete(packetId);
    this.#begin(packetId);
    this.#owed.push({ cmd: "pubcomp", messageId: packetId });
  }

  /** Up to so many of the acknowledgements that it owes. */
  acknowledge(count: number): Packet[] {
    const packets = this.#owed.splice(0, count);
    for (const { cmd, messageId } of packets) {
      if (cmd !== "pubrec" && messageId !== undefined) this.#underway.delete(messageId);
    }
    return packets;
  }

  #begin(packetId: number): void {
    this.#underway.add(packetId);
    if (this.#underway.size > this.receiveMaximum) {
      throw new Error(`${this.#underway.size} messages are under way, Receive Maximum is ${this.receiveMaximum}`);
    }
  }
}
