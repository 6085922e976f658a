// The life of one connection: what a client sends from its first byte to its last, some of it as it should be, most of it
// not. Made from a seed alone.

import fc from "fast-check";
import { generate, type IConnectPacket, type Packet } from "mqtt-packet";
import type { ProtocolVersion } from "../../src/protocol/version.ts";
import { clientPackets, connectPackets, foreignPackets } from "../support/wire-packets.ts";
import { mutateBytes, mutations } from "./mutations.ts";
import { Random } from "./random.ts";
import { assemble, dissect } from "./shape.ts";

export interface Frame {
  readonly data: Uint8Array | string;
  /** A packet in it is not in order; where one comes in pieces, this is the first. */
  readonly mutated: boolean;
}

export interface Life {
  readonly seed: number;
  /** Of its CONNECT, if that is in order. */
  readonly version: ProtocolVersion;
  /** Length of its CONNECT, which the broker has to accept; 0 where it is not in order. */
  readonly connectBytes: number;
  /** Made as they are asked for: most connections do not get far. */
  readonly frames: Iterable<Frame>;
  /** Whether it sends nothing more until CONNACK has come. */
  readonly waits: boolean;
  /** How it leaves when the broker has not closed the connection. */
  readonly leaves: "cut" | "disconnect";
}

interface Pool {
  readonly version: ProtocolVersion;
  readonly connects: readonly IConnectPacket[];
  readonly packets: readonly Uint8Array[];
  readonly foreign: readonly Uint8Array[];
}

const poolSeed = 5;
const versions = [3, 4, 5] as const;
const packetsMax = 24;
const disconnectByte = 0xe0;

function encode(packet: Packet, version: ProtocolVersion): Uint8Array {
  return new Uint8Array(generate(packet, { protocolVersion: version }));
}

function poolOf(version: ProtocolVersion): Pool {
  const sample = <Value>(arbitrary: fc.Arbitrary<Value>, numRuns: number) =>
    fc.sample(arbitrary, { seed: poolSeed, numRuns });
  const encoded = (arbitrary: fc.Arbitrary<Packet>, count: number) =>
    sample(arbitrary, count).map((packet) => encode(packet, version));
  return {
    version,
    connects: sample(connectPackets(version), 100),
    packets: encoded(clientPackets(version), 600),
    foreign: encoded(foreignPackets(version), 60),
  };
}

const pools = new Map(versions.map((version) => [version, poolOf(version)]));

const encodedConnects = new Map<string, Uint8Array>();

function encodedConnect({ version, connects }: Pool, index: number, clientId: string): Uint8Array {
  const name = `${version} ${index} ${clientId}`;
  const known = encodedConnects.get(name);
  if (known !== undefined) return known;
  const bytes = encode({ ...(connects[index] as IConnectPacket), clientId }, version);
  encodedConnects.set(name, bytes);
  return bytes;
}

export function lifeFrom(seed: number, clientId: string): Life {
  const random = new Random(seed);
  const pool = pools.get(random.pick(versions)) as Pool;
  const { version } = pool;
  const connect = encodedConnect(pool, random.below(pool.connects.length), clientId);
  const connects = random.chance(0.9);
  const waits = random.chance(0.5);
  const leaves = random.pick(["cut", "disconnect"] as const);
  const first = connects ? connect : random.chance(0.9) ? mutate(connect, version, random) : garbage(random);
  const begin = [{ data: first, mutated: !connects }];
  const rest = packetsBehind(connect, pool, random);
  const framing = random.pick([whole, whole, together, inPieces]);
  const frames = waits ? joined(framing(begin, random), framing(rest, random)) : framing(joined(begin, rest), random);
  return { seed, version, connectBytes: connects ? connect.length : 0, frames, waits, leaves };
}

function* joined(...parts: readonly Iterable<Frame>[]): Generator<Frame> {
  for (const part of parts) yield* part;
}

function* packetsBehind(connect: Uint8Array, pool: Pool, random: Random): Generator<Frame> {
  const sent: Uint8Array[] = [];
  for (let count = random.between(1, packetsMax); count > 0; count--) {
    const packet = random.pick(pool.packets);
    // Nothing counts behind a DISCONNECT that is in order.
    const isWrong = packet[0] === disconnectByte || random.chance(0.35);
    if (isWrong) yield { data: wrong(packet, connect, pool, random), mutated: true };
    else yield random.chance(0.5) ? { data: packet, mutated: false } : outOfTurn(packet, sent, pool, random);
    sent.push(packet);
  }
}

/** In order for itself, but the wrong one: a packet again, or an identifier of something else that may be under way. */
function outOfTurn(packet: Uint8Array, sent: readonly Uint8Array[], { version }: Pool, random: Random): Frame {
  if (sent.length > 0 && random.chance(0.3)) return { data: random.pick(sent), mutated: true };
  const shape = dissect(packet, version);
  const id = shape.fields.find(({ kind }, index) => kind === "bytes" && index < 2);
  if (id?.kind === "bytes" && id.bytes.length === 2) id.bytes = [0, random.between(1, 6)];
  const data = assemble(shape);
  return { data, mutated: Buffer.compare(data, packet) !== 0 };
}

/** Sent when it must not be, or not what it was. */
function wrong(
  packet: Uint8Array,
  connect: Uint8Array,
  { version, foreign }: Pool,
  random: Random,
): Uint8Array | string {
  const kind = random.below(100);
  if (kind < 1) return connect;
  if (kind < 3) return random.pick(foreign);
  if (kind < 4) return "text";
  if (kind < 6) return garbage(random);
  return mutate(packet, version, random);
}

function mutate(packet: Uint8Array, version: ProtocolVersion, random: Random): Uint8Array {
  for (;;) {
    const mutated = random.chance(0.15) ? mutateBytes(packet, random) : mutateFields(packet, version, random);
    if (mutated.length > 0 && Buffer.compare(mutated, packet) !== 0) return mutated;
  }
}

function mutateFields(packet: Uint8Array, version: ProtocolVersion, random: Random): Uint8Array {
  const shape = dissect(packet, version);
  for (let count = random.pick([1, 1, 1, 2, 3]); count > 0; count--) random.pick(mutations)(shape, random);
  return assemble(shape);
}

function garbage(random: Random): Uint8Array {
  return Uint8Array.from({ length: random.between(1, 40) }, () => random.byte());
}

function whole(frames: Iterable<Frame>): Iterable<Frame> {
  return frames;
}

/** What is in order goes together with what follows it. */
function* together(frames: Iterable<Frame>): Generator<Frame> {
  let before: Uint8Array[] = [];
  const take = (mutated: boolean): Frame[] => {
    const data = Buffer.concat(before);
    before = [];
    return data.length === 0 ? [] : [{ data, mutated }];
  };
  for (const frame of frames) {
    if (typeof frame.data === "string") {
      yield* take(false);
      yield frame;
    } else {
      before.push(frame.data);
      if (frame.mutated) yield* take(true);
    }
  }
  yield* take(false);
}

function* inPieces(frames: Iterable<Frame>, random: Random): Generator<Frame> {
  for (const frame of frames) {
    const { data, mutated } = frame;
    if (typeof data === "string" || data.length > 500) {
      yield frame;
      continue;
    }
    for (let at = 0; at < data.length; ) {
      const end = Math.min(data.length, at + random.between(1, 60));
      yield { data: data.subarray(at, end), mutated: mutated && at === 0 };
      at = end;
    }
  }
}
