// The acknowledgements a connection still owes its client. They leave in the order of the PUBLISHes, even when shards
// answer out of order [MQTT-4.6.0-2] [MQTT-4.6.0-3].

import type { ServerPacket } from "../protocol/packet.ts";
import { isFailure, type ReasonCode } from "../protocol/reason.ts";
import { reasonText } from "../protocol/reason-text.ts";
import type { ProtocolVersion } from "../protocol/version.ts";
import type { Inbound, InboundEntry } from "./inbound.ts";

/** One QoS 1 or 2 PUBLISH on its way to the shards. `reason` is undefined until the answer is known. */
export interface PendingAcknowledgement {
  readonly packetId: number;
  readonly qos: 1 | 2;
  /** What the session remembers of QoS 2 until PUBREL; nothing of what is refused before it leaves. */
  readonly entry: InboundEntry | undefined;
  reason: ReasonCode | undefined;
  /** The client has been sent it. */
  told: boolean;
}

/** The client that they are sent to. */
interface Reader {
  readonly version: ProtocolVersion;
  readonly requestProblemInformation: boolean;
}

export class Acknowledgements {
  #pending: PendingAcknowledgement[] = [];
  #first = 0;

  #qos1 = 0;
  /** Identifiers of QoS 2 messages that came on this connection and are not released. */
  readonly #qos2 = new Set<number>();

  /**
   * Messages of this connection that count against Receive Maximum: of QoS 1 until PUBACK, of QoS 2 until PUBCOMP
   * [MQTT-4.9.0-1]. An object that slept starts from none, in the client's favour.
   */
  get openCount(): number {
    return this.#qos1 + this.#qos2.size;
  }

  /** Those that are not sent: they wait for an answer, or for one before them. */
  get waiting(): number {
    return this.#pending.length - this.#first;
  }

  isOpen(packetId: number): boolean {
    return this.#qos2.has(packetId);
  }

  /** PUBREL came. */
  release(packetId: number): void {
    this.#qos2.delete(packetId);
  }

  expect(packetId: number, qos: 1 | 2, entry: InboundEntry | undefined): PendingAcknowledgement {
    const pending: PendingAcknowledgement = { packetId, qos, entry, reason: undefined, told: false };
    this.#pending.push(pending);
    if (qos === 1) this.#qos1++;
    else this.#qos2.add(packetId);
    return pending;
  }

  /** Moves what is answered, up to the first that is not, or cannot be said, into `send`. */
  flush(send: ServerPacket[], inbound: Inbound, { version, requestProblemInformation: explains }: Reader): void {
    while (this.#first < this.#pending.length) {
      const pending = this.#pending[this.#first] as PendingAcknowledgement;
      const { packetId, qos, reason, entry } = pending;
      // Before 5.0 no acknowledgement can say no.
      if (reason === undefined || (isFailure(reason) && version !== 5)) break;
      pending.told = true;
      const type = qos === 1 ? "puback" : "pubrec";
      // Words only for a client that asks for them [MQTT-3.1.2-29].
      if (!isFailure(reason)) send.push({ type, packetId, reason });
      else
        send.push(explains ? { type, packetId, reason, reasonString: reasonText(reason) } : { type, packetId, reason });
      // A PUBREC that refuses frees the identifier [MQTT-4.3.3-9]; until it is sent the client may come with it again.
      if (qos === 2 && isFailure(reason)) {
        this.#qos2.delete(packetId);
        if (entry !== undefined && inbound.entry(packetId) === entry) inbound.free(packetId);
      }
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
