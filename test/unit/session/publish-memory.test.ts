// What a client can make the object of its session hold in memory, counted: however small its messages are, in frames of many or of
// one, over and over under one identifier, and whichever shard it is that does not answer.

import { describe, expect, test } from "vitest";
import { EMPTY_BYTES, type Publish, type QoS } from "../../../src/protocol/packet.ts";
import { defaultSessionLimits } from "../../../src/session/limits.ts";
import { Permissions } from "../../../src/session/permission.ts";
import { connectOf } from "../../support/managed-session.ts";
import { utf8 } from "../../support/records.ts";
import { SessionRig } from "../../support/session-rig.ts";

const { routingBytesMax } = defaultSessionLimits;
/** Heap for a message of QoS 1 or 2 that waits, and for those of one frame to one shard, as measured: see docs/configuration.md. */
const messageBytes = 89;
const frameBytes = 466;

class Flood {
  closed = false;
  dropped = 0;
  refused: string[] = [];
  readonly rig = new SessionRig(
    {},
    {
      sent: () => {},
      routed: () => {},
      closed: () => {
        this.closed = true;
      },
      effects: ({ reports }) => {
        for (const { event, reason, count } of reports) {
          if (event === "drop") this.dropped += count;
          else this.refused.push(reason);
        }
      },
    },
  );
  /** Of QoS 1 and 2, that were taken in. */
  sent = 0;

  connect(version: 3 | 4 | 5): void {
    this.closed = false;
    this.rig.connect(connectOf({ version }));
  }

  /** Frames of so many messages, until the connection is closed. */
  send(qos: QoS, perFrame: number, framesMax: number, topic = "a"): void {
    const packets = Array.from({ length: perFrame }, (): Publish => publish(qos, topic));
    for (let frames = 0; frames < framesMax && !this.closed; frames++) {
      this.rig.step({ type: "packets", packets });
      if (!this.closed) this.sent += perFrame;
    }
  }
}

function publish(qos: QoS, topic: string): Publish {
  const about = { qos, retain: false, dup: false, packetId: 1, topic, topicBytes: utf8(topic), topicAlias: 0 };
  return { type: "publish", ...about, properties: EMPTY_BYTES, payload: EMPTY_BYTES, payloadIsIllFormed: false };
}

describe("MEM-1 a client's messages on their way take no more memory than ROUTING_BYTES_MAX", () => {
  test.each([
    [3, 1, 1_000],
    [4, 1, 1_000],
    [4, 1, 1],
    [4, 2, 1_000],
    [5, 2, 1_000],
  ] as const)("version %i, QoS %i, %i in a frame", (version, qos, perFrame) => {
    const flood = new Flood();
    flood.connect(version);
    flood.send(qos, perFrame, 400_000 / perFrame);
    expect(flood.refused).toEqual(["Message rate too high"]);
    const bytes = flood.sent * messageBytes + (flood.sent / perFrame) * frameBytes;
    expect(bytes).toBeLessThanOrEqual(routingBytesMax);
    // It is no smaller than it has to be.
    expect(bytes).toBeGreaterThan(routingBytesMax / 2);
  });

  test("QoS 0, one in a frame: dropped and counted", () => {
    const flood = new Flood();
    flood.connect(4);
    flood.send(0, 1, 100_000);
    expect([flood.closed, flood.refused]).toEqual([false, []]);
    expect((flood.sent - flood.dropped) * frameBytes).toBeLessThanOrEqual(routingBytesMax);
    expect(flood.dropped).toBeGreaterThan(0);
  });

  test("those that are answered, and wait for one before them that is not", () => {
    const flood = new Flood();
    const { rig } = flood;
    const [slow, quick] = [rig.shardOf("a"), rig.shardOf("b")];
    expect(slow).not.toBe(quick);
    flood.connect(4);
    flood.send(1, 1, 1);
    for (let rounds = 0; rounds < 400 && !flood.closed; rounds++) {
      flood.send(1, 1_000, 1, "b");
      if (!flood.closed) rig.answer(quick);
    }
    expect(flood.refused).toEqual(["Message rate too high"]);
    expect(flood.sent * messageBytes).toBeLessThanOrEqual(routingBytesMax);
  });

  test("those that are denied, and wait in the same way", () => {
    const flood = new Flood();
    flood.connect(4);
    flood.send(1, 1, 1);
    flood.rig.session.permissions = new Permissions({ rules: [], otherwise: "deny" });
    flood.send(1, 1_000, 400);
    expect(flood.refused).toEqual(["Message rate too high"]);
    expect(flood.sent * messageBytes).toBeLessThanOrEqual(routingBytesMax);
  });

  test("of all its connections together", () => {
    const flood = new Flood();
    for (let connections = 0; connections < 20; connections++) {
      flood.connect(4);
      flood.send(1, 1_000, 400);
    }
    expect(flood.sent * messageBytes).toBeLessThanOrEqual(routingBytesMax);
    flood.rig.fail(flood.rig.shardOf("a"));
    expect(flood.rig.session.routingBytes).toBe(0);
  });

  test("an honest client may have all its identifiers under way", () => {
    const flood = new Flood();
    flood.connect(4);
    flood.send(1, 65_535 / 5, 5);
    expect([flood.closed, flood.sent]).toEqual([false, 65_535]);
    while (!flood.rig.isIdle) flood.rig.answer(flood.rig.shardOf("a"));
    expect(flood.rig.session.routingBytes).toBe(0);
  });
});
