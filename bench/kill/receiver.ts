// The receiver's side of QoS 1 and QoS 2, kept to the letter: the ids of QoS 2 messages it has taken over outlive the
// connection, so that the same message sent again is answered but not counted twice.

import type { Packet } from "mqtt-packet";

export interface Received {
  readonly topic: string;
  readonly payload: string;
  readonly quality: number;
  readonly retain: boolean;
}

export class Receiver {
  readonly #onMessage: (message: Received) => void;
  readonly #takenOver = new Set<number>();

  /** `onMessage` is called with each message, in order; a QoS 1 message that is sent again is one more. */
  constructor(onMessage: (message: Received) => void) {
    this.#onMessage = onMessage;
  }

  /** The broker has no session: its packet ids mean nothing any more. */
  forget(): void {
    this.#takenOver.clear();
  }

  receive(packet: Packet, send: (answer: Packet) => void): void {
    if (packet.cmd === "pubrel") {
      this.#takenOver.delete(packet.messageId ?? 0);
      send({ cmd: "pubcomp", messageId: packet.messageId ?? 0 });
    } else if (packet.cmd === "publish") {
      const messageId = packet.messageId ?? 0;
      if (packet.qos !== 2 || !this.#takenOver.has(messageId)) {
        const { topic, payload, qos, retain } = packet;
        this.#onMessage({ topic, payload: payload.toString(), quality: qos, retain });
      }
      if (packet.qos === 2) this.#takenOver.add(messageId);
      if (packet.qos > 0) send({ cmd: packet.qos === 1 ? "puback" : "pubrec", messageId });
    }
  }
}
