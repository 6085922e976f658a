// Which of a client's packets leave together, counted in frames to its session.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { encodePackets } from "../../../src/codec/encode.ts";
import { PacketType } from "../../../src/protocol/packet-type.ts";
import { ReasonCode } from "../../../src/protocol/reason.ts";
import { Outgoing } from "../../../worker/edge/outgoing.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});

afterEach(() => {
  vi.useRealTimers();
});

function connection() {
  const outgoing = new Outgoing();
  const frames: string[] = [];
  outgoing.open((frame) => frames.push([...frame].join()));
  /** One frame of the client: packets of one byte each. */
  const hear = async (type: PacketType, ...packets: number[]) => {
    outgoing.heard(Date.now());
    const frame = Uint8Array.from(packets);
    for (const at of packets.keys()) outgoing.push(frame, at, at + 1, type);
    await Promise.resolve();
  };
  const deliver = (count: number) => {
    const packets = Array.from({ length: count }, (_, index) => {
      return { type: "pubrel", packetId: index + 1, reason: ReasonCode.success } as const;
    });
    outgoing.told(encodePackets(packets, 4));
  };
  return { outgoing, frames, hear, deliver };
}

const { publish, puback, pubcomp } = PacketType;

test("a frame that comes alone leaves at once, with all of its packets", async () => {
  const { frames, hear } = connection();
  await hear(publish, 1, 2);
  expect([frames, vi.getTimerCount()]).toEqual([["1,2"], 0]);
});

test("what follows at its heels leaves together, by one timer", async () => {
  const { frames, hear } = connection();
  await hear(publish, 1);
  for (const packet of [2, 3, 4]) await hear(publish, packet);
  expect([frames, vi.getTimerCount()]).toEqual([["1"], 1]);
  vi.advanceTimersByTime(1);
  expect([frames, vi.getTimerCount()]).toEqual([["1", "2,3,4"], 0]);
});

test("whoever came in company is waited for again, until it has come alone", async () => {
  const { frames, hear } = connection();
  await hear(publish, 1);
  for (const packet of [2, 3]) await hear(publish, packet);
  vi.advanceTimersByTime(100);
  await hear(publish, 4);
  expect(frames).toEqual(["1", "2,3"]);
  vi.advanceTimersByTime(100);
  await hear(publish, 5);
  expect(frames).toEqual(["1", "2,3", "4", "5"]);
});

test("the last answer that a client owes takes the others along, and none waits for the timer", async () => {
  const { frames, hear, deliver } = connection();
  for (let round = 0; round < 3; round++) {
    deliver(4);
    for (const packet of [1, 2, 3, 4]) await hear(pubcomp, packet);
    vi.advanceTimersByTime(5);
  }
  expect([frames, vi.getTimerCount()]).toEqual([["1,2,3,4", "1,2,3,4", "1,2,3,4"], 0]);
});

test("answers of which some do not come leave by the timer", async () => {
  const { frames, hear, deliver } = connection();
  await hear(publish, 9);
  deliver(4);
  for (const packet of [1, 2, 3]) await hear(pubcomp, packet);
  expect(frames).toEqual(["9"]);
  vi.advanceTimersByTime(1);
  expect(frames).toEqual(["9", "1,2,3"]);
});

test("an answer to nothing is not held against the client", async () => {
  const { frames, hear, deliver } = connection();
  await hear(puback, 1, 2);
  deliver(1);
  vi.advanceTimersByTime(5);
  await hear(puback, 3);
  deliver(2);
  await hear(puback, 4);
  expect(frames.slice(0, 2)).toEqual(["1,2", "3"]);
  await hear(puback, 5);
  expect(frames.at(-1)).toBe("4,5");
});

test("until the session is reached they wait, in order", async () => {
  const outgoing = new Outgoing();
  const frames: string[] = [];
  outgoing.heard(Date.now());
  for (const packet of [1, 2, 3]) outgoing.push(Uint8Array.of(packet), 0, 1, publish);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([frames, outgoing.weight > 0]).toEqual([[], true]);
  outgoing.open((frame) => frames.push([...frame].join()));
  await Promise.resolve();
  expect([frames, outgoing.weight]).toEqual([["1,2,3"], 0]);
});

test("what waits counts as what it takes: neighbours in a frame are one piece, and every frame takes more than its bytes", () => {
  const count = 100_000;
  const frame = new Uint8Array(2 * count);
  const together = new Outgoing();
  const alone = new Outgoing();
  for (let at = 0; at < frame.length; at += 2) {
    together.push(frame, at, at + 2, publish);
    alone.push(frame.slice(at, at + 2), 0, 2, publish);
  }
  expect(together.weight).toBeLessThan(frame.length + 1_000);
  expect(alone.weight).toBeGreaterThan(count * 256);
});

test("what lies between two pieces of a frame stays behind", async () => {
  const outgoing = new Outgoing();
  const frames: string[] = [];
  const frame = Uint8Array.of(1, 2, 3, 4, 5, 6);
  for (const at of [1, 2, 4]) outgoing.push(frame, at, at + 1, publish);
  outgoing.push(frame.slice(), 5, 6, publish);
  outgoing.open((bytes) => frames.push([...bytes].join()));
  await Promise.resolve();
  expect(frames).toEqual(["2,3,5,6"]);
});

test("a megabyte does not wait", async () => {
  const { outgoing, frames, hear } = connection();
  await hear(publish, 1);
  outgoing.heard(Date.now());
  const bytes = 600 * 1024;
  outgoing.push(new Uint8Array(bytes), 0, bytes, publish);
  outgoing.push(new Uint8Array(bytes), 0, bytes, publish);
  expect([frames.length, outgoing.weight, vi.getTimerCount()]).toEqual([2, 0, 0]);
});

test("after the end nothing leaves, and no timer is left", async () => {
  const { outgoing, frames, hear } = connection();
  await hear(publish, 1);
  await hear(publish, 2);
  outgoing.close();
  expect(vi.getTimerCount()).toBe(0);
  await hear(publish, 3);
  vi.advanceTimersByTime(1_000);
  expect(frames).toEqual(["1"]);
});
