// One packet of a connected client, from bytes to a value: either the packet or what is wrong with it, never an exception.

import { fail, type ProtocolFailure } from "../protocol/failure.ts";
import type {
  Ack,
  AckType,
  ClientAuth,
  ClientDisconnect,
  Pingreq,
  Publish,
  Subscribe,
  Unsubscribe,
} from "../protocol/packet.ts";
import { PacketType } from "../protocol/packet-type.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { rule } from "../protocol/rule.ts";
import type { ProtocolVersion } from "../protocol/version.ts";
import { decodeAck } from "./decode-ack.ts";
import { decodeAuth, decodeDisconnect } from "./decode-closing.ts";
import { PublishDecoder } from "./decode-publish.ts";
import { decodeSubscribe, decodeUnsubscribe } from "./decode-request.ts";
import { FieldGuard } from "./field-guard.ts";
import { bodyStart, flagsFailure, hasAncientDup, lengthFailure, packetEnd } from "./header.ts";
import type { DecoderLimits } from "./limits.ts";

/** What a client may send once it is connected. */
export type ConnectedPacket = Publish | Ack | Subscribe | Unsubscribe | Pingreq | ClientDisconnect | ClientAuth;

const pingreq: Pingreq = { type: "pingreq" };

/** For one connection: it remembers the last topic. */
export class Decoder {
  readonly version: ProtocolVersion;
  readonly #limits: DecoderLimits;
  readonly #publishes: PublishDecoder;

  constructor(version: ProtocolVersion, limits: DecoderLimits) {
    this.version = version;
    this.#limits = limits;
    this.#publishes = new PublishDecoder(version, limits);
  }

  /** `start` to `end` is one packet, as a splitter or `walkPackets` found it. */
  decode(frame: Uint8Array, start: number, end: number): ConnectedPacket | ProtocolFailure {
    const first = frame[start] as number;
    const body = bodyStart(frame, start, end);
    if (body < 0) return lengthFailure();
    const type = first >> 4;
    if (type === PacketType.publish) return this.#publishes.decode(frame, first & 0x0f, body, end);
    const failure = flagsFailure(this.version, first);
    if (failure !== undefined) return failure;
    switch (type) {
      case PacketType.puback:
        return this.#ack("puback", frame, body, end);
      case PacketType.pubrec:
        return this.#ack("pubrec", frame, body, end);
      case PacketType.pubrel:
        return this.#ack("pubrel", frame, body, end);
      case PacketType.pubcomp:
        return this.#ack("pubcomp", frame, body, end);
      case PacketType.pingreq:
        return body === end ? pingreq : fail(ReasonCode.malformedPacket, "packet-length", "PINGREQ with a body");
      case PacketType.subscribe:
        return decodeSubscribe(this.#guard(frame, body, end), this.#single(frame, start, end));
      case PacketType.unsubscribe:
        return decodeUnsubscribe(this.#guard(frame, body, end), this.#single(frame, start, end));
      case PacketType.disconnect:
        return decodeDisconnect(this.#guard(frame, body, end), this.#single(frame, start, end));
      case PacketType.auth:
        return decodeAuth(this.#guard(frame, body, end), this.#single(frame, start, end));
      case PacketType.connect:
        return fail(ReasonCode.protocolError, rule(this.version, "3.1.0-2", "3.1.0-2"), "a second CONNECT");
      case PacketType.reserved:
        return fail(ReasonCode.malformedPacket, "packet-type", "packet type 0 is reserved");
      default:
        return fail(ReasonCode.protocolError, "packet-type", `packet type ${type} is sent by servers only`);
    }
  }

  #ack(type: AckType, frame: Uint8Array, body: number, end: number): Ack | ProtocolFailure {
    return decodeAck(type, this.version, frame, body, end, this.#limits.controlCharacters);
  }

  #guard(frame: Uint8Array, body: number, end: number): FieldGuard {
    return new FieldGuard(this.version, frame, body, end, this.#limits.controlCharacters);
  }

  #single(frame: Uint8Array, start: number, end: number): Uint8Array {
    const packet = frame.subarray(start, end);
    const first = frame[start] as number;
    if (!hasAncientDup(this.version, first)) return packet;
    const withoutDup = new Uint8Array(packet);
    withoutDup[0] = first & ~0x08;
    return withoutDup;
  }
}

/** Visits the packets of a frame that holds whole ones only. */
export function walkPackets(
  frame: Uint8Array,
  visit: (frame: Uint8Array, start: number, end: number) => void,
): ProtocolFailure | undefined {
  for (let start = 0; start < frame.length; ) {
    const end = packetEnd(frame, start);
    if (end < 0) return lengthFailure();
    visit(frame, start, end);
    start = end;
  }
  return undefined;
}
