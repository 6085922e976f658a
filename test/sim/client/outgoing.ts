// What a client has published and not seen acknowledged, with the packet identifiers it goes by. It is as durable as
// the client's session: a new connection sends it again, in the order of its first sending.

import type { IPublishPacket, Packet } from "mqtt-packet";
import type { Ledger, Message } from "../ledger.ts";

interface Sent {
  readonly packetId: number;
  readonly message: Message;
  readonly packet: IPublishPacket;
  state: "publish" | "release";
}

const failureFrom = 0x80;

export class Outgoing {
  readonly #ledger: Ledger;
  #sent: Sent[] = [];
  /** Identifiers of this connection that await PUBACK or PUBREC, in the order of their PUBLISHes. */
  #awaiting: number[] = [];
  /** What this connection has sent under each identifier. */
  #sentNow = new Map<number, Message>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  get size(): number {
    return this.#sent.length;
  }

  /** The session is gone, and with it what was under way. */
  abandon(): void {
    for (const { message, state } of this.#sent) if (state === "publish") message.isAbandoned = true;
    this.#sent = [];
  }

  /** The connection has ended. */
  rewind(): void {
    this.#awaiting = [];
    this.#sentNow = new Map();
  }

  /** Notes what an answer that this connection does not hear would have said, whenever that becomes clear. */
  listener(): (packet: Packet) => void {
    const sent = this.#sentNow;
    return (packet) => {
      // It comes again with a message that was refused.
      if ((packet.cmd !== "puback" && packet.cmd !== "pubrec") || (packet.reasonCode ?? 0) < failureFrom) return;
      const message = sent.get(packet.messageId ?? 0);
      if (message !== undefined) message.wasRefusedUnheard = true;
    };
  }

  /** Under the lowest identifier that is free: few are used, again and again. */
  publish(message: Message, packet: IPublishPacket): Packet {
    let packetId = 1;
    while (this.#sent.some((other) => other.packetId === packetId)) packetId++;
    const numbered = { ...packet, messageId: packetId };
    this.#sent.push({ packetId, message, packet: numbered, state: "publish" });
    this.#awaiting.push(packetId);
    this.#sentNow.set(packetId, message);
    return numbered;
  }

  resend(): Packet[] {
    return this.#sent.map(({ packetId, message, packet, state }) => {
      message.isResent = true;
      if (state === "release") return { cmd: "pubrel", messageId: packetId };
      this.#awaiting.push(packetId);
      this.#sentNow.set(packetId, message);
      return { ...packet, dup: true };
    });
  }

  /** PUBACK or PUBREC; true if PUBREL is to follow. Throws what the broker did wrong. */
  acknowledged(packetId: number, reason: number): boolean {
    const expected = this.#awaiting.shift();
    if (expected !== packetId) throw new Error(`acknowledges ${packetId} while ${expected} is first in line`);
    const sent = this.#sent.find((other) => other.packetId === packetId) as Sent;
    if (reason >= failureFrom) {
      sent.message.isAbandoned = true;
      this.#remove(packetId);
      return false;
    }
    sent.message.acknowledgedAt = Math.min(sent.message.acknowledgedAt, this.#ledger.now());
    if (sent.message.qos === 1) {
      this.#remove(packetId);
      return false;
    }
    sent.state = "release";
    return true;
  }

  completed(packetId: number): void {
    const sent = this.#sent.find((other) => other.packetId === packetId);
    if (sent?.state !== "release") throw new Error(`PUBCOMP for ${packetId}, which was not released`);
    this.#remove(packetId);
  }

  #remove(packetId: number): void {
    this.#sent = this.#sent.filter((other) => other.packetId !== packetId);
  }
}
