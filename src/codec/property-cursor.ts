// Walks a properties section property by property and holds each against the table: known, allowed here, not repeated,
// whole, well formed, in range. It makes no objects, since a stream of publishes with properties passes through it.

import type { ControlCharacters } from "../protocol/content-rules.ts";
import { fail, type ProtocolFailure } from "../protocol/failure.ts";
import { PropertyId, PropertyPlace, type PropertyRule, propertyRules } from "../protocol/property.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { scanText, Text, textFailure } from "./utf8.ts";
import { readVarint, VarintFault, varintLength } from "./varint.ts";

/**
 * In one packet. A megabyte holds 200,000 empty ones, which take half a second to read and 16 MB to keep. Those of PUBLISH are passed on
 * as bytes, and stay uncounted.
 */
const userPropertiesMax = 1_000;

export class PropertyCursor {
  id = 0;
  /** The property with its identifier. */
  start = 0;
  end = 0;
  /** Its bytes: without the length of a string or binary, with both lengths of a pair. */
  valueStart = 0;
  /** The value of a number. */
  value = 0;
  failure: ProtocolFailure | undefined;

  readonly #controlCharacters: ControlCharacters;
  #bytes: Uint8Array = new Uint8Array(0);
  #place: PropertyPlace = PropertyPlace.connect;
  #at = 0;
  #sectionEnd = 0;
  // Identifiers seen, as bits: 0 to 31 and 32 to 42.
  #seenLow = 0;
  #seenHigh = 0;
  #userProperties = 0;

  constructor(controlCharacters: ControlCharacters) {
    this.#controlCharacters = controlCharacters;
  }

  /** Enters the section whose length stands at `at`. Returns where it ends, or -1 with `failure` set. */
  open(bytes: Uint8Array, at: number, packetEnd: number, place: PropertyPlace): number {
    this.failure = undefined;
    this.#bytes = bytes;
    this.#place = place;
    this.#seenLow = 0;
    this.#seenHigh = 0;
    this.#userProperties = 0;
    const length = readVarint(bytes, at, packetEnd);
    if (length < 0) {
      const [id, detail] =
        length === VarintFault.incomplete ? ["MQTT-2.2.2-1", "is missing"] : ["MQTT-1.5.5-1", "is badly encoded"];
      return this.#fail(ReasonCode.malformedPacket, id, `length of the properties ${detail}`);
    }
    this.#at = at + varintLength(length);
    this.#sectionEnd = this.#at + length;
    if (this.#sectionEnd > packetEnd) return this.#tooShort("properties");
    return this.#sectionEnd;
  }

  /** Where the first property begins, after `open`. */
  get position(): number {
    return this.#at;
  }

  /** False at the end, and with `failure` set at the first fault. */
  next(): boolean {
    if (this.failure !== undefined || this.#at >= this.#sectionEnd) return false;
    this.start = this.#at;
    this.id = this.#bytes[this.#at] as number;
    const rule = propertyRules[this.id];
    if (rule === undefined) {
      this.#fail(ReasonCode.malformedPacket, "property-unknown", `there is no property ${this.id}`);
      return false;
    }
    if (!this.#admits(rule)) return false;
    this.valueStart = this.#at + 1;
    if (!this.#read(rule)) return false;
    this.#at = this.end;
    return true;
  }

  #admits(rule: PropertyRule): boolean {
    if ((rule.places & this.#place) === 0) {
      this.#fail(ReasonCode.malformedPacket, "property-misplaced", `${rule.name} is not allowed in this packet`);
    } else if (rule.id === PropertyId.subscriptionIdentifier && this.#place === PropertyPlace.publish) {
      this.#fail(ReasonCode.protocolError, "MQTT-3.3.4-6", "a client's PUBLISH has no subscription identifier");
    } else if (!rule.repeatable && this.#wasSeen(rule.id)) {
      this.#fail(ReasonCode.protocolError, "property-repeated", `${rule.name} is there more than once`);
    } else if (rule.id === PropertyId.userProperty && this.#place !== PropertyPlace.publish) {
      this.#userProperties++;
      if (this.#userProperties > userPropertiesMax) {
        this.#fail(ReasonCode.quotaExceeded, "user-properties", `more than ${userPropertiesMax} user properties`);
      }
    }
    return this.failure === undefined;
  }

  #wasSeen(id: number): boolean {
    const bit = 1 << (id & 31);
    if (id < 32) {
      if ((this.#seenLow & bit) !== 0) return true;
      this.#seenLow |= bit;
    } else {
      if ((this.#seenHigh & bit) !== 0) return true;
      this.#seenHigh |= bit;
    }
    return false;
  }

  #read(rule: PropertyRule): boolean {
    switch (rule.type) {
      case "byte":
        return this.#readNumber(rule, 1);
      case "uint16":
        return this.#readNumber(rule, 2);
      case "uint32":
        return this.#readNumber(rule, 4);
      case "varint":
        return this.#readVarint(rule);
      case "binary":
        return this.#readBytes(rule.name);
      case "string":
        return this.#readBytes(rule.name) && this.#checkText(rule.name);
      case "pair":
        return this.#readPair(rule.name);
    }
  }

  #readNumber(rule: PropertyRule, length: number): boolean {
    const bytes = this.#bytes;
    this.end = this.valueStart + length;
    if (this.end > this.#sectionEnd) return this.#tooShort(rule.name) >= 0;
    let value = 0;
    for (let at = this.valueStart; at < this.end; at++) value = value * 256 + (bytes[at] as number);
    return this.#checkRange(rule, value);
  }

  #readVarint(rule: PropertyRule): boolean {
    const value = readVarint(this.#bytes, this.valueStart, this.#sectionEnd);
    if (value === VarintFault.incomplete) return this.#tooShort(rule.name) >= 0;
    if (value < 0) return this.#fail(ReasonCode.malformedPacket, "MQTT-1.5.5-1", `${rule.name} is badly encoded`) >= 0;
    this.end = this.valueStart + varintLength(value);
    return this.#checkRange(rule, value);
  }

  #checkRange(rule: PropertyRule, value: number): boolean {
    this.value = value;
    if (value >= rule.minimum && value <= rule.maximum) return true;
    // [MQTT-3.3.2-8]
    const isAlias = rule.id === PropertyId.topicAlias;
    const reason = isAlias ? ReasonCode.topicAliasInvalid : ReasonCode.protocolError;
    return this.#fail(reason, isAlias ? "MQTT-3.3.2-8" : "property-value", `${rule.name} may not be ${value}`) >= 0;
  }

  /** Leaves `valueStart` behind the length. */
  #readBytes(name: string): boolean {
    const bytes = this.#bytes;
    const start = this.valueStart + 2;
    if (start > this.#sectionEnd) return this.#tooShort(name) >= 0;
    this.end = start + (((bytes[start - 2] as number) << 8) | (bytes[start - 1] as number));
    this.valueStart = start;
    return this.end <= this.#sectionEnd || this.#tooShort(name) >= 0;
  }

  #readPair(name: string): boolean {
    const pairStart = this.valueStart;
    // [MQTT-1.5.7-1] both halves are strings.
    for (let half = 0; half < 2; half++) {
      if (!this.#readBytes(name) || !this.#checkText(name, "MQTT-1.5.7-1")) return false;
      this.valueStart = this.end;
    }
    this.valueStart = pairStart;
    return true;
  }

  /** `statement`: the one that says that this is a string, if there is one of its own. */
  #checkText(name: string, statement?: string): boolean {
    const text = scanText(this.#bytes, this.valueStart, this.end);
    const failure = textFailure(5, text, name, this.#controlCharacters);
    if (failure === undefined) return true;
    const breaksIt = statement !== undefined && text !== Text.discouraged;
    this.failure = breaksIt ? { ...failure, rule: statement } : failure;
    return false;
  }

  #tooShort(what: string): -1 {
    return this.#fail(ReasonCode.malformedPacket, "packet-length", `${what} would end behind their end`);
  }

  #fail(reason: ReasonCode, rule: string, detail: string): -1 {
    this.failure = fail(reason, rule, detail);
    return -1;
  }
}
