// Messages as they come, for somebody who speaks HTTP: an ordinary session without a database, whose client is this request. It
// subscribes at QoS 0, so that whoever reads slowly misses messages, and no publisher waits for them or is refused.

import type { Packet } from "mqtt-packet";
import { Decoder, walkPackets } from "../src/codec/decode.ts";
import { generatePacket, parsePacket } from "../src/codec/library.ts";
import type { DecoderLimits } from "../src/codec/limits.ts";
import type { Publish } from "../src/protocol/packet.ts";
import { PacketType } from "../src/protocol/packet-type.ts";
import type { Env } from "./env.ts";
import { alivePing, alivePingMs, encodeHello } from "./hello.ts";
import { sessionName } from "./names.ts";
import { sessionStub } from "./stubs.ts";

export interface TailOptions {
  readonly filter: string;
  /** Whether it begins with what is retained. */
  readonly retained: boolean;
  readonly seconds: number;
  readonly messagesMax: number;
  /** What a message is to the reader. */
  readonly show: (packet: Publish) => unknown;
  readonly limits: DecoderLimits;
}

export type TailEnd = "time" | "messages" | "broker";

/** The session answers a wrong subscription like any other client's. */
export class TailRefused extends Error {}

/** Bytes that wait for the reader; what comes then is not shown, and counted. */
const waitingBytesMax = 1024 * 1024;
/** So often something is written, so that nobody between here and there thinks the connection dead. */
const breathMs = 15_000;
const breathsPerPing = alivePingMs / breathMs;
const protocol = 5;
const subscribeId = 1;
const encoder = new TextEncoder();

export async function openTail(env: Env, options: TailOptions): Promise<ReadableStream<Uint8Array>> {
  const clientId = `tail-${crypto.randomUUID()}`;
  const response = await sessionStub(env, sessionName(clientId)).fetch("http://session/", {
    headers: { Upgrade: "websocket" },
  });
  const socket = response.webSocket;
  if (socket === null) throw new Error("the session object opened no socket");
  socket.binaryType = "arraybuffer";
  const tail = new Tail(socket, options);
  socket.accept();
  const connect = {
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: 5,
    clean: true,
    clientId,
    keepalive: 0,
  } as const;
  socket.send(encodeHello({ clientId, clientIdWasAssigned: true }, generatePacket(connect, protocol)));
  await tail.subscribed;
  return tail.stream;
}

class Tail {
  readonly #socket: WebSocket;
  readonly #options: TailOptions;
  readonly #decoder: Decoder;
  readonly stream: ReadableStream<Uint8Array>;
  readonly #ready = Promise.withResolvers<void>();
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #breath: ReturnType<typeof setInterval> | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #breaths = 0;
  #shown = 0;
  #missed = 0;
  #isOver = false;

  constructor(socket: WebSocket, options: TailOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#decoder = new Decoder(protocol, options.limits);
    this.stream = new ReadableStream(
      { start: (controller) => void (this.#controller = controller), cancel: () => this.#leave() },
      { highWaterMark: waitingBytesMax, size: (chunk) => chunk.length },
    );
    socket.addEventListener("message", ({ data }) => this.#take(data as ArrayBuffer | string));
    socket.addEventListener("close", () => this.#end("broker"));
    socket.addEventListener("error", () => this.#end("broker"));
  }

  get subscribed(): Promise<void> {
    return this.#ready.promise;
  }

  #take(data: ArrayBuffer | string): void {
    if (typeof data === "string") return;
    const frame = new Uint8Array(data);
    walkPackets(frame, (_frame, start, end) => {
      if (this.#isOver) return;
      if ((frame[start] as number) >> 4 === PacketType.publish) {
        const publish = this.#decoder.decode(frame, start, end);
        if (publish.type === "publish") this.#show(publish);
        return;
      }
      const packet = parsePacket(frame.subarray(start, end), protocol);
      if (packet !== undefined) this.#takePacket(packet);
    });
  }

  #takePacket(packet: Packet): void {
    if (packet.cmd === "connack") this.#subscribe();
    else if (packet.cmd === "suback") this.#begin(Number(packet.granted[0]));
    else if (packet.cmd === "disconnect") this.#end("broker");
  }

  #subscribe(): void {
    const { filter, retained } = this.#options;
    const subscription = { topic: filter, qos: 0, nl: false, rap: true, rh: retained ? 0 : 2 } as const;
    this.#send({ cmd: "subscribe", messageId: subscribeId, subscriptions: [subscription] });
  }

  #begin(reason: number): void {
    if (reason >= 0x80) {
      this.#ready.reject(new TailRefused(`the subscription is refused: reason 0x${reason.toString(16)}`));
      return this.#leave();
    }
    this.#breath = setInterval(() => this.#breathe(), breathMs);
    this.#deadline = setTimeout(() => this.#end("time"), this.#options.seconds * 1000);
    this.#write(": subscribed\n\n");
    this.#ready.resolve();
  }

  #show(packet: Publish): void {
    if ((this.#controller.desiredSize ?? 0) <= 0) {
      this.#missed++;
      return;
    }
    this.#tellMissed();
    this.#write(`id: ${++this.#shown}\ndata: ${JSON.stringify(this.#options.show(packet))}\n\n`);
    if (this.#shown >= this.#options.messagesMax) this.#end("messages");
  }

  #tellMissed(): void {
    if (this.#missed === 0) return;
    this.#write(`event: missed\ndata: ${JSON.stringify({ messages: this.#missed })}\n\n`);
    this.#missed = 0;
  }

  #breathe(): void {
    this.#write(":\n\n");
    if (++this.#breaths % breathsPerPing === 0) this.#socket.send(alivePing);
  }

  #end(why: TailEnd): void {
    if (this.#isOver) return;
    this.#tellMissed();
    this.#write(`event: end\ndata: ${JSON.stringify({ why })}\n\n`);
    this.#leave();
    this.#controller.close();
  }

  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#breath);
    clearTimeout(this.#deadline);
    this.#ready.reject(new Error("the session ended before it was subscribed"));
    try {
      this.#send({ cmd: "disconnect", reasonCode: 0 });
      this.#socket.close(1000);
    } catch {
      // It has gone already.
    }
  }

  #write(text: string): void {
    this.#controller.enqueue(encoder.encode(text));
  }

  #send(packet: Packet): void {
    this.#socket.send(generatePacket(packet, protocol));
  }
}
