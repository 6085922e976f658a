// Walks the fields of a packet strictly: whole, well formed, none left over. The first fault is kept and ends the walk: from
// then on every step is empty, so that a guard reads like the packet's layout and asks once at the end.

import type { ControlCharacters } from "../protocol/content-rules.ts";
import { fail, type ProtocolFailure } from "../protocol/failure.ts";
import type { PropertyPlace } from "../protocol/property.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { rule } from "../protocol/rule.ts";
import type { ProtocolVersion } from "../protocol/version.ts";
import { PropertyCursor } from "./property-cursor.ts";
import { decodeText, scanText, textFailure } from "./utf8.ts";

export class FieldGuard {
  readonly frame: Uint8Array;
  readonly version: ProtocolVersion;
  readonly properties: PropertyCursor;
  failure: ProtocolFailure | undefined;
  /** The text or binary field walked last. */
  start = 0;
  end = 0;

  #at: number;
  readonly #packetEnd: number;
  readonly #controlCharacters: ControlCharacters;

  constructor(
    version: ProtocolVersion,
    frame: Uint8Array,
    bodyStart: number,
    end: number,
    controlCharacters: ControlCharacters,
  ) {
    this.version = version;
    this.frame = frame;
    this.#at = bodyStart;
    this.#packetEnd = end;
    this.#controlCharacters = controlCharacters;
    this.properties = new PropertyCursor(controlCharacters);
  }

  get left(): number {
    return this.failure === undefined ? this.#packetEnd - this.#at : 0;
  }

  fail(reason: ReasonCode, ruleId: string, detail: string): void {
    this.failure ??= fail(reason, ruleId, detail);
  }

  /** A breach of numbered statements, one for each specification. */
  breach(reason: ReasonCode, five: string, three: string, detail: string): void {
    this.fail(reason, rule(this.version, five, three), detail);
  }

  byte(what: string): number {
    return this.#take(1, what) ? (this.frame[this.#at - 1] as number) : 0;
  }

  uint16(what: string): number {
    if (!this.#take(2, what)) return 0;
    return ((this.frame[this.#at - 2] as number) << 8) | (this.frame[this.#at - 1] as number);
  }

  /** Sets `start` and `end`. */
  binary(what: string): void {
    const length = this.uint16(what);
    const start = this.#at;
    if (!this.#take(length, what)) {
      this.start = 0;
      this.end = 0;
      return;
    }
    this.start = start;
    this.end = this.#at;
  }

  /** Sets `start` and `end`. */
  text(what: string): void {
    this.binary(what);
    if (this.failure === undefined) {
      const text = scanText(this.frame, this.start, this.end);
      this.failure = textFailure(this.version, text, what, this.#controlCharacters);
    }
  }

  /** [MQTT-2.2.1-3] [MQTT3-2.3.1-1] */
  packetId(): void {
    if (this.uint16("packet identifier") !== 0 || this.failure !== undefined) return;
    this.breach(ReasonCode.protocolError, "2.2.1-3", "2.3.1-1", "packet identifier 0");
  }

  /** Walks all properties; `each` is called with the cursor at each of them. Nothing before MQTT 5. */
  section(place: PropertyPlace, each?: (cursor: PropertyCursor) => void): void {
    if (this.version !== 5 || this.failure !== undefined) return;
    const cursor = this.properties;
    const end = cursor.open(this.frame, this.#at, this.#packetEnd, place);
    while (cursor.next()) each?.(cursor);
    this.failure ??= cursor.failure;
    this.#at = end;
  }

  /** No byte may follow. */
  finish(): ProtocolFailure | undefined {
    if (this.left > 0) this.fail(ReasonCode.malformedPacket, "packet-length", `${this.left} bytes too many`);
    return this.failure;
  }

  /** The text walked last. */
  lastText(): string {
    return this.failure === undefined ? decodeText(this.frame, this.start, this.end) : "";
  }

  #take(length: number, what: string): boolean {
    if (this.failure !== undefined) return false;
    if (this.#at + length > this.#packetEnd) {
      this.fail(ReasonCode.malformedPacket, "packet-length", `the packet ends within its ${what}`);
      return false;
    }
    this.#at += length;
    return true;
  }
}
