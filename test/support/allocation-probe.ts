// What a message costs in memory on its way through the core: frames of 64 PUBLISHes are decoded, routed, delivered to a
// session that is online, encoded, and acknowledged, as the objects do it. The young generation is so large that nothing is
// collected meanwhile, so that the heap grows by exactly what is allocated. Started by test/unit/budget/allocations.test.ts
// with the flags that this needs; prints the bytes of a message at each QoS as JSON.

import { PerformanceObserver } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { connectPacket, publishTemplate, subscribePacket } from "../../bench/load/packets.ts";
import { Decoder, walkPackets } from "../../src/codec/decode.ts";
import { decodeConnect } from "../../src/codec/decode-connect.ts";
import { encodePackets } from "../../src/codec/encode.ts";
import type { ProtocolFailure } from "../../src/protocol/failure.ts";
import type { ClientPacket, QoS, ServerPacket } from "../../src/protocol/packet.ts";
import { inSteps } from "../../src/session/step.ts";
import { type Config, parseConfig } from "../../worker/config.ts";
import { CoreShard } from "./core-shard.ts";
import { type Clock, SessionRig } from "./session-rig.ts";

export interface Allocated {
  /** Objects on the heap, bytes for each message. */
  readonly heap: number;
  /** Buffers beside it, bytes for each message. */
  readonly buffers: number;
}

const window = 64;
const payloadBytes = 100;
const topic = "allocations/of/a/message";
const version = 5;
const warmUpBatches = 500;
const measuredBatches = 200;
const settleMs = 50;

let collected = 0;
new PerformanceObserver((list) => {
  collected += list.getEntries().length;
}).observe({ entryTypes: ["gc"] });

/** First bytes of what a client says to a PUBLISH of each QoS, and to what follows. */
const acknowledgements = [undefined, 0x40, 0x50] as const;
const answers: { readonly [type: string]: number | undefined } = { pubrec: 0x62, pubrel: 0x70 };

/** A client and its session. */
class Peer {
  readonly rig: SessionRig;
  readonly #decoder: Decoder;
  #sent: ServerPacket[] = [];

  constructor(name: string, config: Config, clock: Clock) {
    this.#decoder = new Decoder(version, config);
    const sent = (packet: ServerPacket): void => void this.#sent.push(packet);
    this.rig = new SessionRig(config, { sent, routed: () => {}, closed: () => {}, effects: () => {} }, name, clock);
    const bytes = connectPacket({ version, clientId: name, clean: false });
    const connect = decodeConnect(bytes, 0, bytes.length, config);
    if (connect.type !== "connect") throw new Error(connect.detail);
    this.rig.connect(connect);
    this.#sent = [];
  }

  /** What the object does with a frame of its client. */
  take(frame: Uint8Array): void {
    const packets: (ClientPacket | ProtocolFailure)[] = [];
    walkPackets(frame, (_frame, start, end) => packets.push(this.#decoder.decode(frame, start, end)));
    for (const together of inSteps(packets)) this.rig.step({ type: "packets", packets: together });
  }

  /** The client gets what was sent to it, in one frame, and answers; returns how many messages those were. */
  answer(): number {
    const packets = this.#sent;
    if (packets.length === 0) return 0;
    this.#sent = [];
    encodePackets(packets, version);
    let messages = 0;
    const bytes: number[] = [];
    for (const packet of packets) {
      if (packet.type === "publish") messages++;
      const first = packet.type === "publish" ? acknowledgements[packet.qos] : answers[packet.type];
      const id = "packetId" in packet ? (packet.packetId ?? 0) : 0;
      if (first !== undefined) bytes.push(first, 2, id >> 8, id & 0xff);
    }
    if (bytes.length > 0) this.take(Uint8Array.from(bytes));
    return messages;
  }
}

async function measure(qos: QoS): Promise<Allocated> {
  const clock: Clock = { nowMs: Date.UTC(2026, 0, 1) };
  const config = parseConfig({ ALLOW_ANONYMOUS: "true" });
  const publisher = new Peer("publisher", config, clock);
  const subscriber = new Peer("subscriber", config, clock);
  let received = 0;
  const shard = new CoreShard(config, clock, (_session, part) => {
    const answer = subscriber.rig.deliver(0, [part]).parts[0];
    for (let messages = subscriber.answer(); messages > 0; messages = subscriber.answer()) received += messages;
    if (answer === undefined) throw new Error("no answer");
    return answer;
  });
  const exchange = (peer: Peer): void => {
    for (const [index, lane] of peer.rig.lanes) {
      for (let { flight } = lane; flight !== undefined; { flight } = lane) {
        const { refused, retained } = shard.exchange(peer.rig.name, flight.items);
        peer.rig.answer(index, refused, retained);
      }
    }
  };
  subscriber.take(subscribePacket(version, 1, [topic], qos));
  exchange(subscriber);

  const { bytes, idAt } = publishTemplate(version, topic, qos, payloadBytes);
  const frame = new Uint8Array(bytes.length * window);
  for (let index = 0; index < window; index++) {
    frame.set(bytes, index * bytes.length);
    if (idAt >= 0) frame[index * bytes.length + idAt + 1] = index + 1;
  }
  const batch = (): void => {
    clock.nowMs++;
    publisher.take(frame);
    exchange(publisher);
    // At QoS 2 PUBREL and PUBCOMP are still to come.
    publisher.answer();
    publisher.answer();
  };
  for (let count = 0; count < warmUpBatches; count++) batch();
  globalThis.gc?.();
  // Freed buffers are given back behind it.
  await pause(settleMs);
  received = 0;
  collected = 0;
  const before = process.memoryUsage();
  for (let count = 0; count < measuredBatches; count++) batch();
  const after = process.memoryUsage();
  // Collections are told of later.
  await pause(settleMs);
  if (received !== window * measuredBatches) throw new Error(`${received} messages came`);
  if (collected > 0) throw new Error("something was collected meanwhile");
  return {
    heap: Math.round((after.heapUsed - before.heapUsed) / received),
    buffers: Math.round((after.arrayBuffers - before.arrayBuffers) / received),
  };
}

const allocated: Allocated[] = [];
for (const qos of [0, 1, 2] as const) allocated.push(await measure(qos));
process.stdout.write(JSON.stringify(allocated));
