// `$delayed/<seconds>/<topic>`, as the session sees it: which shard keeps it, and what is refused, in each version's words.

import { describe, expect, test } from "vitest";
import { decodeConnect } from "../../src/codec/decode-connect.ts";
import type { Connect } from "../../src/protocol/packet.ts";
import { refusalOf } from "../../src/session/admission.ts";
import { defaultSessionLimits } from "../../src/session/limits.ts";
import { clientBytes } from "../support/client-packets.ts";
import { play } from "../support/script.ts";

test("a delayed message goes to the shard of its topic, under its whole name, and is acknowledged by its answer", () => {
  play([
    ["connect expiry=never", "connack"],
    ["publish $delayed/10/a/b:1 q1 #1", "ask publish $delayed/10/a/b:1 q1"],
    ["answer a/b", "puback #1"],
    ["publish $delayed/4294967/a/b:2 q2 #2", "ask publish $delayed/4294967/a/b:2 q2 seq=1"],
    ["answer a/b", "pubrec #2"],
    ["pubrel #2", "pubcomp #2"],
    ["publish $delayed/1/a/b:3 q0", "ask publish $delayed/1/a/b:3 q0"],
  ]);
});

test("it is in one lane with those that are not delayed", () => {
  play([
    ["connect expiry=never", "connack"],
    ["publish $delayed/10/a/b:1 q2 #1 & publish a/b:2 q2 #2", "ask publish $delayed/10/a/b:1 q2 seq=1, a/b:2 q2 seq=2"],
    ["answer a/b", "pubrec #1", "pubrec #2"],
  ]);
});

const malformed: readonly string[] = [
  "$delayed/10",
  "$delayed/10/",
  "$delayed//a",
  "$delayed/ten/a",
  "$delayed/-1/a",
  "$delayed/4294968/a",
  "$delayed/1/$delayed/1/a",
];

describe.each(malformed)("%s is no delay", (topic) => {
  test("5.0: the message is refused with 0x90, the connection stays", () => {
    play([
      ["connect v5 expiry=never", "connack"],
      [`publish ${topic}:1 q1 #1`, "refusal delay-invalid", "puback #1 0x90"],
      [`publish ${topic}:2 q2 #2`, "refusal delay-invalid", "pubrec #2 0x90"],
      [`publish ${topic}:3 q0`, "drop delay-invalid"],
      ["publish a:4 q1 #1", "ask publish a:4 q1"],
      ["answer a", "puback #1"],
    ]);
  });

  test.each([3, 4])("version %i: no acknowledgement can say no, so the connection ends", (version) => {
    for (const qos of [1, 2]) {
      play([
        [`connect v${version}`, "connack"],
        [`publish ${topic}:1 q0`, "drop delay-invalid"],
        [`publish ${topic}:2 q${qos} #1`, "refusal delay-invalid", "refusal Topic name invalid", "close"],
      ]);
    }
  });
});

test("[MQTT-4.6.0-2] a refusal waits for its turn", () => {
  play([
    ["connect v5 expiry=never", "connack"],
    ["publish a:1 q1 #1", "ask publish a:1 q1"],
    ["publish $delayed/x/a:2 q1 #2", "refusal delay-invalid"],
    ["publish $delayed/x/a:3 q2 #3", "refusal delay-invalid"],
    ["publish a:4 q1 #4", "ask publish a:4 q1"],
    ["answer a", "puback #1", "puback #2 0x90", "pubrec #3 0x90"],
    ["answer a", "puback #4"],
  ]);
});

test("[MQTT-4.3.3-9] a PUBREC that refuses frees the identifier", () => {
  play([
    ["connect v5 expiry=never", "connack"],
    ["publish $delayed/x/a:1 q2 #1", "refusal delay-invalid", "pubrec #1 0x90"],
    ["pubrel #1", "pubcomp #1 0x92"],
    ["publish a:2 q2 #1", "ask publish a:2 q2 seq=1"],
    ["answer a", "pubrec #1"],
  ]);
});

test("[MQTT-3.3.4-7] refused messages count against Receive Maximum until they are answered", () => {
  play(
    [
      ["connect v5 expiry=never", "connack"],
      ["publish a:1 q1 #1", "ask publish a:1 q1"],
      ["publish $delayed/x/a:2 q1 #2", "refusal delay-invalid"],
      ["publish $delayed/x/a:3 q1 #3", "refusal Receive maximum exceeded", "disconnect 0x93", "close"],
    ],
    { limits: { receiveMaximum: 2 } },
  );
});

test("levels are those of the topic itself", () => {
  play(
    [
      ["connect v5 expiry=never", "connack"],
      ["publish $delayed/10/a/b:1 q1 #1", "ask publish $delayed/10/a/b:1 q1"],
      ["answer a/b", "puback #1"],
      ["publish $delayed/10/a/b/c:2 q1 #2", "refusal topic-levels", "puback #2 0x90"],
      ["publish a/b/c:3 q1 #3", "refusal topic-levels", "puback #3 0x90"],
    ],
    { limits: { topicLevelsMax: 2 } },
  );
});

test("a shard that has no room refuses: 0x97 in 5.0, the end of the connection before", () => {
  play([
    ["connect v5 expiry=never", "connack"],
    [
      "publish $delayed/10/a:1 q1 #1 & publish $delayed/10/a:2 q2 #2",
      "ask publish $delayed/10/a:1 q1, $delayed/10/a:2 q2 seq=1",
    ],
    ["answer a refused=0,1", "puback #1 0x97", "pubrec #2 0x97"],
  ]);
  play([
    ["connect v4", "connack"],
    ["publish $delayed/10/a:1 q1 #1", "ask publish $delayed/10/a:1 q1"],
    ["answer a refused=0", "refusal Quota exceeded", "close"],
  ]);
});

test("0 seconds at most: the topic is like any other", () => {
  play(
    [
      ["connect v5 expiry=never", "connack"],
      ["publish $delayed/10/a:1 q1 #1", "ask publish $delayed/10/a:1 q1"],
      ["answer $delayed/10/a", "puback #1"],
      ["publish $delayed/x:2 q1 #2", "ask publish $delayed/x:2 q1"],
      ["answer $delayed/x", "puback #2"],
    ],
    { limits: { delayedSecondsMax: 0 } },
  );
});

test("a subscription to such a name is like any other", () => {
  play([
    ["connect v5 expiry=never", "connack"],
    ["subscribe #1 $delayed/10/a,q1", "ask subscribe $delayed/10/a q1 +retained"],
    ["answer $delayed/10/a", "suback #1 0x01"],
  ]);
});

describe("a will for a delayed topic", () => {
  test("goes to the shard of its topic, under its whole name", () => {
    play([
      ["connect v5 will=$delayed/10/a/b:gone will-q1", "connack"],
      ["cut", "ask will $delayed/10/a/b:gone q1 seq=1000000"],
      ["answer a/b"],
      ["tick"],
    ]);
  });

  const refusal = (willTopic: string, delayedSecondsMax = defaultSessionLimits.delayedSecondsMax) =>
    refusalOf(connectWithWill(willTopic), { ...defaultSessionLimits, delayedSecondsMax, allowAnonymous: true });

  test("is refused at CONNECT when its delay is none", () => {
    for (const topic of malformed) expect(refusal(topic)).toMatchObject({ reason: 0x90, rule: "delay-invalid" });
    expect(refusal("$delayed/10/a")).toBeUndefined();
    expect(refusal("$delayed/x/a", 0)).toBeUndefined();
  });

  test("has the levels of the topic itself", () => {
    const levels = (count: number) => "/".repeat(count - 1);
    const { topicLevelsMax } = defaultSessionLimits;
    expect(refusal(`$delayed/10/${levels(topicLevelsMax)}`)).toBeUndefined();
    expect(refusal(`$delayed/10/${levels(topicLevelsMax + 1)}`)).toMatchObject({ rule: "topic-levels" });
  });
});

function connectWithWill(topic: string): Connect {
  const will = { topic, payload: Buffer.from("gone"), qos: 1, retain: false } as const;
  const bytes = clientBytes({ cmd: "connect", protocolVersion: 5, clientId: "c", clean: true, keepalive: 0, will }, 5);
  return decodeConnect(bytes, 0, bytes.length, defaultSessionLimits) as Connect;
}
