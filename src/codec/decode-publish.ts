// PUBLISH, the packet that decides throughput: read straight from the frame. Payload and properties are views; the topic
// is decoded once and reused while consecutive messages go to the same one, as streams do.

import { fail, type ProtocolFailure } from "../protocol/failure.ts";
import { EMPTY_BYTES, type Publish, type QoS } from "../protocol/packet.ts";
import { PropertyId, PropertyPlace } from "../protocol/property.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { rule } from "../protocol/rule.ts";
import type { ProtocolVersion } from "../protocol/version.ts";
import { copyBytes } from "./bytes.ts";
import { ForwardedProperties } from "./forwarded-properties.ts";
import type { DecoderLimits } from "./limits.ts";
import { PropertyCursor } from "./property-cursor.ts";
import { decodeText, hasWildcard, isWellFormed, scanText, textFailure } from "./utf8.ts";

export class PublishDecoder {
  readonly #version: ProtocolVersion;
  readonly #limits: DecoderLimits;
  readonly #cursor: PropertyCursor;
  readonly #forwarded = new ForwardedProperties();
  #topic = "";
  #topicBytes = EMPTY_BYTES;
  // Of the properties section walked last.
  #alias = 0;
  #expirySeconds = -1;
  #isText = false;
  #properties = EMPTY_BYTES;

  constructor(version: ProtocolVersion, limits: DecoderLimits) {
    this.#version = version;
    this.#limits = limits;
    this.#cursor = new PropertyCursor(limits.controlCharacters);
  }

  decode(frame: Uint8Array, flags: number, bodyStart: number, end: number): Publish | ProtocolFailure {
    const qos = (flags >> 1) & 3;
    const dup = (flags & 8) !== 0;
    if (qos === 3) return this.#malformed("3.3.1-4", "3.3.1-4", "QoS 3");
    if (dup && qos === 0) return this.#malformed("3.3.1-2", "3.3.1-2", "DUP at QoS 0");
    let at = bodyStart + 2;
    if (at > end) return this.#tooShort("topic");
    const topicEnd = at + (((frame[bodyStart] as number) << 8) | (frame[bodyStart + 1] as number));
    if (topicEnd > end) return this.#tooShort("topic");
    const hasTopic = topicEnd > at;
    if (hasTopic && !this.#isLastTopic(frame, at, topicEnd)) {
      const failure = this.#readTopic(frame, at, topicEnd);
      if (failure !== undefined) return failure;
    }
    at = topicEnd;
    let packetId = 0;
    if (qos > 0) {
      at += 2;
      if (at > end) return this.#tooShort("packet identifier");
      packetId = ((frame[at - 2] as number) << 8) | (frame[at - 1] as number);
      if (packetId === 0) {
        return fail(ReasonCode.protocolError, rule(this.#version, "2.2.1-3", "2.3.1-1"), "packet identifier 0");
      }
    }
    this.#alias = 0;
    this.#expirySeconds = -1;
    this.#isText = false;
    this.#properties = EMPTY_BYTES;
    if (this.#version === 5) {
      if (at < end && frame[at] === 0) at++;
      else {
        at = this.#readProperties(frame, at, end);
        if (at < 0) return this.#cursor.failure as ProtocolFailure;
        if (this.#alias > this.#limits.topicAliasMaximum) {
          const detail = `topic alias ${this.#alias}, at most ${this.#limits.topicAliasMaximum} are allowed`;
          return fail(ReasonCode.topicAliasInvalid, "MQTT-3.3.2-9", detail);
        }
      }
    }
    if (!hasTopic && this.#alias === 0) {
      return fail(ReasonCode.protocolError, rule(this.#version, "4.7.3-1", "4.7.3-1"), "neither topic nor topic alias");
    }
    const publish: Publish = {
      type: "publish",
      qos: qos as QoS,
      retain: (flags & 1) !== 0,
      dup,
      packetId,
      topic: hasTopic ? this.#topic : "",
      topicBytes: hasTopic ? this.#topicBytes : EMPTY_BYTES,
      topicAlias: this.#alias,
      properties: this.#properties,
      payload: at === end ? EMPTY_BYTES : frame.subarray(at, end),
      payloadIsIllFormed: this.#isText && this.#limits.payloadFormatValidated && !isWellFormed(frame, at, end),
    };
    return this.#expirySeconds < 0 ? publish : { ...publish, messageExpirySeconds: this.#expirySeconds };
  }

  #isLastTopic(frame: Uint8Array, start: number, end: number): boolean {
    const last = this.#topicBytes;
    const length = end - start;
    if (last.length !== length) return false;
    // From the end, where topics of one device differ.
    for (let at = length - 1; at >= 0; at--) if (frame[start + at] !== last[at]) return false;
    return true;
  }

  #readTopic(frame: Uint8Array, start: number, end: number): ProtocolFailure | undefined {
    const text = scanText(frame, start, end);
    const failure = textFailure(this.#version, text, "topic", this.#limits.controlCharacters);
    if (failure !== undefined) return failure;
    if (hasWildcard(frame, start, end)) {
      return fail(ReasonCode.topicNameInvalid, rule(this.#version, "3.3.2-2", "3.3.2-2"), "topic with a wildcard");
    }
    this.#topicBytes = copyBytes(frame.subarray(start, end));
    this.#topic = decodeText(this.#topicBytes, 0, end - start);
    return undefined;
  }

  /** Returns where the payload begins, or -1. */
  #readProperties(frame: Uint8Array, at: number, packetEnd: number): number {
    const cursor = this.#cursor;
    const end = cursor.open(frame, at, packetEnd, PropertyPlace.publish);
    if (end < 0) return -1;
    this.#forwarded.reset();
    while (cursor.next()) {
      if (cursor.id === PropertyId.topicAlias) this.#alias = cursor.value;
      else if (cursor.id === PropertyId.messageExpiryInterval) this.#expirySeconds = cursor.value;
      else {
        if (cursor.id === PropertyId.responseTopic && hasWildcard(frame, cursor.valueStart, cursor.end)) {
          cursor.failure = fail(ReasonCode.protocolError, "MQTT-3.3.2-14", "response topic with a wildcard");
          return -1;
        }
        if (cursor.id === PropertyId.payloadFormatIndicator) this.#isText = cursor.value === 1;
        this.#forwarded.keep(frame, cursor.start, cursor.end);
      }
    }
    this.#properties = this.#forwarded.finish(frame);
    return cursor.failure === undefined ? end : -1;
  }

  #malformed(five: string, three: string, detail: string): ProtocolFailure {
    return fail(ReasonCode.malformedPacket, rule(this.#version, five, three), detail);
  }

  #tooShort(what: string): ProtocolFailure {
    return fail(ReasonCode.malformedPacket, "packet-length", `the packet ends within its ${what}`);
  }
}
