// Statements about what a server does not support, or asks for: the broker with other settings than its defaults.

import { describe, expect, test } from "vitest";
import { conversations } from "../conformance/conversation.ts";
import { isOurs } from "../support/broker.ts";
import { bytes, packet, text } from "../support/bytes.ts";
import { uniqueName } from "../support/client.ts";
import { RawClient } from "../support/raw-client.ts";
import { refusal } from "../support/refusal.ts";
import { useBroker } from "../support/use-broker.ts";

describe.runIf(isOurs)("a broker that supports little", () => {
  const broker = useBroker({
    env: { MAXIMUM_QOS: "1", RETAIN_AVAILABLE: "false", WILDCARD_AVAILABLE: "false", TOPIC_ALIAS_MAXIMUM: "0" },
  });

  conversations(broker, [
    {
      title: "[MQTT-3.2.2-9] [MQTT-3.2.2-10] Maximum QoS is announced, and a subscription at any QoS granted",
      in: [5],
      lines: [
        "a > connect",
        'a < connack 0 {"maximumQoS":1,"retainAvailable":false,"wildcardSubscriptionAvailable":false}',
        "a > subscribe #1 @/a,q2 @/b,q1 @/c,q0",
        "a < suback #1 1 1 0",
      ],
    },
    {
      title: "[MQTT-3.2.2-11] PUBLISH above the Maximum QoS ends the connection",
      in: [5],
      lines: ["a > connect", "a < connack 0", "a > publish @/a=1 q2 #1", "a < refused 0x9b"],
    },
    {
      title: "[MQTT-3.2.2-12] [MQTT-3.2.2-7] a will above the Maximum QoS is refused",
      in: [5],
      lines: ["a > connect will=@/a=1,q2", "a < connack 0x9b", "a < close"],
    },
    {
      title: "[MQTT-3.2.2-13] a retained will is refused",
      in: [5],
      lines: ["a > connect will=@/a=1,retain", "a < connack 0x9a", "a < close"],
    },
    {
      title: "[MQTT-3.2.2-14] PUBLISH with RETAIN ends the connection",
      in: [5],
      lines: ["a > connect", "a < connack 0", "a > publish @/a=1 retain", "a < refused 0x9a"],
    },
    {
      title: "[MQTT-3.2.2-18] a topic alias ends the connection",
      in: [5],
      lines: [
        "a > connect",
        'a < connack 0 {"topicAliasMaximum":0}',
        'a > publish @/a=1 {"topicAlias":1}',
        "a < refused 0x94",
      ],
    },
    {
      title: "[MQTT3-3.8.3-2] a filter with a wildcard is refused, one without is not",
      lines: (version) => [
        "a > connect",
        "a < connack 0",
        "a > subscribe #1 @/+ @/# @/a",
        version === 5 ? "a < suback #1 0xa2 0xa2 0" : "a < suback #1 0x80 0x80 0",
      ],
    },
  ]);
});

describe.runIf(isOurs)("a broker that sets the keep-alive and gives response information", () => {
  const broker = useBroker({ env: { SERVER_KEEP_ALIVE_SECONDS: "1", RESPONSE_INFORMATION: "reply/" } });

  test("[MQTT-3.1.2-21] [MQTT-3.2.2-21] its keep-alive is announced, and is the clock", async () => {
    const before = performance.now();
    const { client, connack } = await RawClient.connect(broker().url, { version: 5, keepalive: 60 });
    expect(connack.properties?.serverKeepAlive).toBe(1);
    expect(await refusal(client.socket, 5, 1, 10_000)).toBe("DISCONNECT 0x8d");
    expect(performance.now() - before).toBeGreaterThan(1_400);
  });

  conversations(broker, [
    {
      title: "[MQTT-3.1.2-28] response information is for those who ask",
      in: [5],
      lines: [
        'a > connect {"requestResponseInformation":true}',
        'a < connack 0 {"responseInformation":"reply/"}',
        'b > connect {"requestResponseInformation":false}',
        'b < connack 0 {"responseInformation":null}',
        "c > connect",
        'c < connack 0 {"responseInformation":null}',
      ],
    },
    {
      title: "[MQTT-3.14.4-2] whoever is sent a DISCONNECT is disconnected",
      in: [5],
      lines: ["a > connect", "a < connack 0", "a > raw 00 00", "a < disconnect 0x81", "a < close"],
    },
  ]);
});

describe.runIf(isOurs)("a broker whose queues hold one message", () => {
  const broker = useBroker({ env: { QUEUE_MESSAGES_MAX: "1", QUEUE_POLICY: "reject" } });

  conversations(broker, [
    {
      title: "[MQTT-4.3.3-9] a PUBREC that refuses frees the identifier for a new message",
      in: [5],
      lines: [
        "s > connect keep",
        "s < connack 0",
        "s > subscribe #1 @/full,q2",
        "s < suback #1 2",
        "s > disconnect",
        "s < close",
        "t > connect",
        "t < connack 0",
        "t > subscribe #1 @/free,q1",
        "t < suback #1 1",
        "p > connect",
        "p < connack 0",
        "p > publish @/full=1 q2 #1",
        "p < pubrec #1",
        "p > pubrel #1",
        "p < pubcomp #1",
        "p > publish @/full=2 q2 #7",
        "p < pubrec #7 0x97",
        "p > pubrel #7",
        "p < pubcomp #7 0x92",
        "p > publish @/free=3 q2 #7",
        "p < pubrec #7",
        "t < publish @/free=3 q1 #x",
        "p > pubrel #7",
        "p < pubcomp #7",
      ],
    },
  ]);

  test.each([
    { title: "with problem information it is explained", requestProblemInformation: true },
    { title: "[MQTT-3.1.2-29] without problem information PUBACK has only its code", requestProblemInformation: false },
  ])("a full queue refuses: $title", async ({ requestProblemInformation }) => {
    const topic = `${uniqueName("full")}/x`;
    const subscriber = await RawClient.connect(broker().url, { version: 4, clean: false });
    await subscriber.client.subscribe(topic, 1);
    subscriber.client.send({ cmd: "disconnect" });
    await subscriber.client.expectClose();
    const options = { version: 5 as const, properties: { requestProblemInformation } };
    const { client } = await RawClient.connect(broker().url, options);
    for (const id of [1, 2]) client.socket.sendBytes(packet(0x32, text(topic), bytes(0, id), bytes(0), text("m")));
    const answers = [await client.expectPacket("puback"), await client.expectPacket("puback")];
    const explained = answers.map(({ properties }) => properties?.reasonString !== undefined);
    expect(answers.map(({ reasonCode = 0 }) => reasonCode)).toEqual([0, 0x97]);
    expect(explained).toEqual([false, requestProblemInformation]);
  });
});
