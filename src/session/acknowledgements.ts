// The acknowledgements a connection still owes its client. They leave in the order of the PUBLISHes, even when shards
// answer out of order [MQTT-4.6.0-2] [MQTT-4.6.0-3].

import type { ServerPacket } from "../protocol/packet.ts";
import type { ReasonCode } from "../protocol/reason.ts";

/** One QoS 1 or 2 PUBLISH on its way to the shards. `reason` is undefined until the answer is known. */
export interface PendingAcknowledgement {
  readonly packetId: number;
  readonly qos: 1 | 2;
  reason: ReasonCode | undefined;
}

export class Acknowledgements {
  #pending: PendingAcknowledgement[] = [];
  #first = 0;

  /** QoS 1 messages that are not acknowledged. Those of QoS 2 count until PUBREL: see Inbound. */
  #qos1 = 0;

  get qos1Count(): number {
    return this.#qos1;
  }

  expect(packetId: number, qos: 1 | 2): PendingAcknowledgement {
    const pending: PendingAcknowledgement = { packetId, qos, reason: undefined };
    this.#pending.push(pending);
    if (qos === 1) this.#qos1++;
    return pending;
  }

  /** Moves what is answered, up to the first that is not, into `send`. */
  flush(send: ServerPacket[]): void {
    while (this.#first < this.#pending.length) {
      const { packetId, qos, reason } = this.#pending[this.#first] as PendingAcknowledgement;
      if (reason === undefined) break;
      send.push({ type: qos === 1 ? "puback" : "pubrec", packetId, reason });
      this.#first++;
      if (qos === 1) this.#qos1--;
    }
    if (this.#first === this.#pending.length) {
      this.#pending = [];
      this.#first = 0;
    } else if (this.#first > 1024) {
      this.#pending.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
