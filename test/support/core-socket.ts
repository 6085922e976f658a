// A client's connection to the core: what the edge does with its bytes, and what it gets back.

import { PacketReader } from "../../bench/load/reader.ts";
import { begin } from "../../src/auth/authentication.ts";
import type { Decoder } from "../../src/codec/decode.ts";
import { decodeConnect } from "../../src/codec/decode-connect.ts";
import { encodePackets } from "../../src/codec/encode.ts";
import { PacketSplitter } from "../../src/codec/splitter.ts";
import { fail, type ProtocolFailure } from "../../src/protocol/failure.ts";
import type { ClientPacket, Connect, ServerPacket } from "../../src/protocol/packet.ts";
import { PacketType } from "../../src/protocol/packet-type.ts";
import { ReasonCode } from "../../src/protocol/reason.ts";
import { refusalOf, refusingConnack } from "../../src/session/admission.ts";
import { scramServer } from "../../worker/auth/scram.ts";
import type { CoreBroker, CoreSession } from "./core-broker.ts";
import type { ClientSocket, RawPacket } from "./venue.ts";

interface Link {
  readonly session: CoreSession;
  readonly connect: Connect;
  decoder: Decoder;
}

/** Nobody can authenticate here: an exchange would end at the edge. */
const nobody = scramServer(new Map());

export class CoreSocket implements ClientSocket {
  readonly #broker: CoreBroker;
  readonly #splitter: PacketSplitter;
  readonly #reader: PacketReader;
  readonly packets: RawPacket[] = [];
  readonly closed: Promise<number>;
  #resolveClosed!: (code: number) => void;
  isClosed = false;
  #connect: Connect | undefined;
  #link: Link | undefined;
  /** Of the frame that is being taken. */
  #arrived: (ClientPacket | ProtocolFailure)[] = [];

  constructor(broker: CoreBroker) {
    this.#broker = broker;
    this.#splitter = new PacketSplitter(broker.config.maximumPacketBytes);
    this.#reader = new PacketReader((firstByte, bytes, bodyAt, bodyEnd) => {
      this.packets.push({ firstByte, body: Buffer.from(bytes.subarray(bodyAt, bodyEnd)) });
    });
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  /** Undefined before CONNECT and after the end. */
  get session(): CoreSession | undefined {
    return this.#link?.session;
  }

  sendBytes(bytes: Uint8Array): void {
    if (this.isClosed) return;
    this.#broker.pass();
    const isFirst = this.#link === undefined && this.#splitter.pendingBytes === 0;
    if (isFirst && bytes.length > 0 && (bytes[0] as number) >> 4 !== PacketType.connect) return this.end();
    const failure = this.#splitter.push(bytes.slice(), this.#takePacket);
    this.#hand(failure);
  }

  sendText(_text: string): void {
    this.#hand(fail(ReasonCode.protocolError, "MQTT-6.0.0-1", "a text frame"));
  }

  cut(): void {
    const link = this.#link;
    this.end();
    if (link === undefined) return;
    link.session.rig.step({ type: "closed" });
    this.#broker.settle();
  }

  async until(what: string, condition: () => boolean, timeoutMs = 20_000): Promise<void> {
    const deadlineMs = this.#broker.nowMs + timeoutMs;
    while (!condition()) {
      if (!this.#broker.jump(deadlineMs)) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    }
  }

  receive(packet: ServerPacket): void {
    const { version = 4, maximumPacketBytes } = this.#connect ?? {};
    this.#reader.push(Buffer.from(encodePackets([packet], version, maximumPacketBytes)));
  }

  /** The session's object has lost its memory. */
  sleep(): void {
    if (this.#link !== undefined) this.#link.decoder = this.#broker.decoder(this.#link.connect);
  }

  end(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.#link?.session.socket === this) this.#link.session.socket = undefined;
    this.#link = undefined;
    this.#resolveClosed(1000);
  }

  readonly #takePacket = (frame: Uint8Array, start: number, end: number): void => {
    if (this.isClosed) return;
    if (this.#link === undefined) this.#takeConnect(frame, start, end);
    else this.#arrived.push(this.#link.decoder.decode(frame, start, end));
  };

  #takeConnect(frame: Uint8Array, start: number, end: number): void {
    const connect = decodeConnect(frame, start, end, this.#broker.config);
    if (connect.type === "refusal") {
      if (connect.connack !== undefined) this.#reader.push(Buffer.from(connect.connack));
      return this.end();
    }
    this.#connect = connect;
    const verdict = refusalOf(connect, this.#broker.config) ?? begin(connect, nobody);
    if (verdict.type === "failure") {
      this.receive(refusingConnack(verdict.reason, this.#broker.config));
      return this.end();
    }
    const session = this.#broker.connect(this, connect);
    this.#link = { session, connect, decoder: this.#broker.decoder(connect) };
  }

  /** Gives the session what has arrived, and lets everything that follows from it happen. */
  #hand(failure: ProtocolFailure | undefined): void {
    const packets = failure === undefined ? this.#arrived : [...this.#arrived, failure];
    this.#arrived = [];
    if (this.#link !== undefined) this.#broker.take(this.#link.session, packets);
    else if (failure !== undefined) this.end();
    this.#broker.settle();
  }
}
