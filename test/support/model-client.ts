// A client that keeps to the rules, and complains of a broker that does not. All that is sent to it arrives; what it
// has not sent when its connection ends is lost, and what is unacknowledged it sends again.

import { expect } from "vitest";
import { type ClientPacket, EMPTY_BYTES, type ServerPacket } from "../../src/protocol/packet.ts";
import { textOf, utf8 } from "./records.ts";

interface Sent {
  readonly packetId: number;
  readonly qos: 1 | 2;
  readonly topic: string;
  readonly payload: string;
  state: "publish" | "release";
}

export interface Acknowledged {
  accepted(payload: string): void;
  rejected(payload: string): void;
}

export class ModelClient {
  readonly #events: Acknowledged;
  receiveMaximum = 65_535;
  /** Payloads of QoS 1 and 2, in the order of their first arrival. */
  readonly received: string[] = [];
  /** Acknowledgements that it has yet to send. */
  #due: ClientPacket[] = [];
  readonly #idOf = new Map<string, number>();
  /** QoS 2 between PUBLISH and PUBREL. */
  readonly #held = new Map<number, string>();
  /** What the broker has under way on this connection. */
  readonly #underway = new Set<number>();
  #unacknowledged: Sent[] = [];
  /** Packet ids of PUBLISHes on this connection that await PUBACK or PUBREC. */
  #awaiting: number[] = [];
  /** Whether the broker may have forgotten what it sent. */
  crashed = false;

  constructor(events: Acknowledged) {
    this.#events = events;
  }

  get isQuiet(): boolean {
    return this.#due.length === 0;
  }

  get isDone(): boolean {
    return this.#unacknowledged.length === 0;
  }

  disconnected(): void {
    this.#due = [];
    this.#underway.clear();
    this.#awaiting = [];
  }

  /** [MQTT-4.4.0-1]: what it sends first on a new connection to a session that was there. */
  resend(): ClientPacket[] {
    return this.#unacknowledged.map((sent) =>
      sent.state === "publish" ? this.#publish(sent, true) : pubrel(sent.packetId),
    );
  }

  publish(qos: 0 | 1 | 2, topic: string, payload: string): ClientPacket | undefined {
    if (qos === 0) return publishPacket(0, 0, topic, payload, false);
    // Few identifiers, so that they are used again and again.
    let packetId = 1;
    while (this.#unacknowledged.some((sent) => sent.packetId === packetId)) packetId++;
    if (packetId > 12) return undefined;
    const sent: Sent = { packetId, qos, topic, payload, state: "publish" };
    this.#unacknowledged.push(sent);
    return this.#publish(sent, false);
  }

  /** Up to so many of the acknowledgements that it owes. */
  acknowledge(count: number): ClientPacket[] {
    const packets = this.#due.splice(0, count);
    for (const packet of packets) {
      if (packet.type === "puback" || packet.type === "pubcomp") this.#underway.delete(packet.packetId);
    }
    return packets;
  }

  receive(packet: ServerPacket): void {
    switch (packet.type) {
      case "publish":
        if (packet.qos > 0) this.#take(packet.qos as 1 | 2, packet.packetId, textOf(packet.payload), packet.dup);
        return;
      case "pubrel":
        this.#held.delete(packet.packetId);
        this.#begin(packet.packetId);
        this.#due.push({ type: "pubcomp", packetId: packet.packetId, reason: 0 });
        return;
      case "puback":
      case "pubrec": {
        expect(packet.packetId, "[MQTT-4.6.0-2] acknowledgements in order").toBe(this.#awaiting.shift());
        const sent = this.#unacknowledged.find(({ packetId }) => packetId === packet.packetId) as Sent;
        if (packet.reason < 0x80) this.#events.accepted(sent.payload);
        else this.#events.rejected(sent.payload);
        if (packet.reason < 0x80 && packet.type === "pubrec") {
          sent.state = "release";
          this.#due.push(pubrel(packet.packetId));
        } else {
          this.#unacknowledged = this.#unacknowledged.filter((other) => other !== sent);
        }
        return;
      }
      case "pubcomp":
        this.#unacknowledged = this.#unacknowledged.filter(({ packetId }) => packetId !== packet.packetId);
        return;
      default:
        return;
    }
  }

  /** Its session has lost it and cannot know that it came: it comes as if for the first time. */
  disown(payload: string): void {
    if (!this.#idOf.delete(payload)) return;
    this.received.splice(this.received.indexOf(payload), 1);
  }

  #take(qos: 1 | 2, packetId: number, payload: string, dup: boolean): void {
    const knownId = this.#idOf.get(payload);
    if (qos === 2 && this.#held.get(packetId) !== payload) {
      expect(this.#held.has(packetId), `identifier ${packetId} is taken`).toBe(false);
      expect(knownId, `[MQTT-4.3.3-6] ${payload} comes a second time`).toBeUndefined();
    }
    if (knownId !== undefined) {
      expect(packetId, "[MQTT-4.4.0-1] the identifier of the first attempt").toBe(knownId);
      expect(dup, "[MQTT-3.3.1-1] DUP on what came before").toBe(true);
    } else {
      if (dup) expect(this.crashed, "[MQTT-3.3.1-2] DUP on what never came").toBe(true);
      this.#idOf.set(payload, packetId);
      this.received.push(payload);
    }
    expect(this.#underway.has(packetId), `${packetId} twice on one connection`).toBe(false);
    this.#begin(packetId);
    if (qos === 2) this.#held.set(packetId, payload);
    this.#due.push({ type: qos === 1 ? "puback" : "pubrec", packetId, reason: 0 });
  }

  #begin(packetId: number): void {
    this.#underway.add(packetId);
    expect(this.#underway.size, "[MQTT-3.3.4-9] Receive Maximum").toBeLessThanOrEqual(this.receiveMaximum);
  }

  #publish({ packetId, qos, topic, payload }: Sent, dup: boolean): ClientPacket {
    this.#awaiting.push(packetId);
    return publishPacket(packetId, qos, topic, payload, dup);
  }
}

function pubrel(packetId: number): ClientPacket {
  return { type: "pubrel", packetId, reason: 0 };
}

function publishPacket(packetId: number, qos: 0 | 1 | 2, topic: string, payload: string, dup: boolean): ClientPacket {
  return {
    type: "publish",
    qos,
    retain: false,
    dup,
    packetId,
    topic,
    topicBytes: utf8(topic),
    topicAlias: 0,
    properties: EMPTY_BYTES,
    payload: utf8(payload),
    payloadIsIllFormed: false,
  };
}
