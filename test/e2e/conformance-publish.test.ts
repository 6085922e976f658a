// PUBLISH and its acknowledgements in both directions, statement by statement.

import { expect, test } from "vitest";
import { type Conversation, conversations, play } from "../conformance/conversation.ts";
import { versionNames, versions } from "../support/broker.ts";
import { bytes, noProperties, packet, text, withLength } from "../support/bytes.ts";
import { RawClient } from "../support/raw-client.ts";
import { refusal } from "../support/refusal.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();

/** The publisher is p, the subscriber s; s keeps its session. */
const pair = (...filters: readonly string[]): string[] => [
  "p > connect",
  "p < connack 0",
  "s > connect keep",
  "s < connack 0",
  ...filters.flatMap((filter, index) => [
    `s > subscribe #${index + 1} ${filter}`,
    `s < suback #${index + 1} ${/q([0-2])/.exec(filter)?.[1] ?? 0}`,
  ]),
];

/** One second passes: the time until a delayed will comes. */
const oneSecond: readonly string[] = [
  "clock > connect",
  "clock < connack 0",
  "clock > subscribe #1 @clock",
  "clock < suback #1 0",
  'hand > connect keep will=@clock=rings {"will":{"willDelayInterval":1}}',
  "hand < connack 0",
  "hand cut",
  "clock < publish @clock=rings",
];

const numbers = Array.from({ length: 40 }, (_unused, index) => index + 1);

const toTheBroker: readonly Conversation[] = [
  {
    title: "[MQTT-3.3.4-1] [MQTT3-3.3.4-1] QoS 0 is not answered, QoS 1 with PUBACK, QoS 2 with PUBREC",
    lines: [
      "p > connect",
      "p < connack 0",
      "p > publish @/a=0 & publish @/a=1 q1 #1 & publish @/a=2 q2 #2",
      "p < puback #1",
      "p < pubrec #2",
      "p < silence",
    ],
  },
  {
    title:
      "[MQTT-4.3.2-4] [MQTT-4.3.2-5] [MQTT3-4.3.2-2] after PUBACK the same identifier is a new message, DUP or not",
    lines: [
      ...pair("@/a,q1"),
      "p > publish @/a=1 q1 #5",
      "p < puback #5",
      "p > publish @/a=1 q1 #5 dup",
      "p < puback #5",
      "s < publish @/a=1 q1 #x",
      "s < publish @/a=1 q1 #y",
      "s > puback #x & puback #y",
    ],
  },
  {
    title:
      "[MQTT-4.3.3-8] [MQTT-4.3.3-10] [MQTT-4.3.3-11] [MQTT-4.3.3-12] [MQTT3-4.3.3-2] QoS 2: once until PUBREL, then the identifier is a new message",
    lines: [
      ...pair("@/a,q1"),
      "p > publish @/a=1 q2 #5",
      "p < pubrec #5",
      "p > publish @/a=1 q2 #5 dup",
      "p < pubrec #5",
      "s < publish @/a=1 q1 #x",
      "s < silence",
      "p > pubrel #5",
      "p < pubcomp #5",
      "p > publish @/a=2 q2 #5",
      "p < pubrec #5",
      "s < publish @/a=2 q1 #y",
      "p > pubrel #5",
      "p < pubcomp #5",
    ],
  },
  {
    title: "[MQTT-4.3.3-13] the exchange goes on although the message has expired",
    in: [5],
    lines: [
      "s > connect keep",
      "s < connack 0",
      "s > subscribe #1 @/a,q2",
      "s < suback #1 2",
      "s > disconnect",
      "s < close",
      "p > connect",
      "p < connack 0",
      'p > publish @/a=1 q2 #5 {"messageExpiryInterval":1}',
      "p < pubrec #5",
      ...oneSecond,
      "p > pubrel #5",
      "p < pubcomp #5",
      "s > connect keep",
      "s < connack 0 present",
      "s < silence",
    ],
  },
  {
    title: "[MQTT-3.3.1-3] [MQTT3-3.3.1-3] a publisher's DUP is not passed on",
    lines: [...pair("@/a,q1"), "p > publish @/a=1 q1 #5 dup", "p < puback #5", "s < publish @/a=1 q1 #x"],
  },
  {
    title: "[MQTT-3.3.2-7] a topic alias does not outlive its connection",
    in: [5],
    lines: [
      ...pair("@/a"),
      "q > connect keep",
      "q < connack 0",
      'q > publish @/a=1 {"topicAlias":3} & publish =2 {"topicAlias":3}',
      "s < publish @/a=1",
      "s < publish @/a=2",
      "q > disconnect",
      "q < close",
      "q > connect keep",
      "q < connack 0 present",
      'q > publish =3 {"topicAlias":3}',
      "q < refused 0x82",
      "s < silence",
    ],
  },
  {
    title: "[MQTT-3.3.2-12] every alias that CONNACK allows is accepted",
    in: [5],
    lines: [
      "s > connect",
      "s < connack 0",
      "s > subscribe #1 @/t/+",
      "s < suback #1 0",
      "p > connect",
      'p < connack 0 {"topicAliasMaximum":32}',
      ...numbers.slice(0, 32).map((alias) => `p > publish @/t/${alias}=set {"topicAlias":${alias}}`),
      ...numbers.slice(0, 32).map((alias) => `s < publish @/t/${alias}=set`),
      ...numbers.slice(0, 32).map((alias) => `p > publish =used {"topicAlias":${alias}}`),
      ...numbers.slice(0, 32).map((alias) => `s < publish @/t/${alias}=used`),
    ],
  },
  {
    title: "[MQTT-3.2.2-17] an alias above the maximum is refused",
    in: [5],
    lines: [
      "p > connect",
      'p < connack 0 {"topicAliasMaximum":32}',
      'p > publish @/a=1 {"topicAlias":33}',
      "p < refused 0x94",
    ],
  },
];

const toTheSubscriber: readonly Conversation[] = [
  {
    title: "[MQTT-2.2.1-2] [MQTT-4.3.1-1] [MQTT3-2.3.1-5] [MQTT3-4.3.1-1] QoS 0 has no identifier and no DUP",
    lines: [...pair("@/a,q2"), "p > publish @/a=1", "s < publish @/a=1", "p > publish @/a=", "s < publish @/a="],
  },
  {
    title:
      "[MQTT-4.3.2-1] [MQTT-4.3.2-2] [MQTT-4.3.2-3] [MQTT3-2.3.1-4] [MQTT3-3.3.1-1] [MQTT3-4.3.2-1] [MQTT3-4.4.0-1] QoS 1: an unused identifier, no DUP at first, and again with both until PUBACK",
    lines: [
      ...pair("@/a,q1"),
      ...["1", "2", "3"].flatMap((payload) => [`p > publish @/a=${payload} q1 #1`, "p < puback #1"]),
      "s < publish @/a=1 q1 #x",
      "s < publish @/a=2 q1 #y",
      "s < publish @/a=3 q1 #z",
      "s > puback #y",
      "s < silence",
      "s cut",
      "s > connect keep",
      "s < connack 0 present",
      "s < publish @/a=1 q1 dup #x",
      "s < publish @/a=3 q1 dup #z",
      "s > puback #x & puback #z",
      "s < silence",
      "s cut",
      "s > connect keep",
      "s < connack 0 present",
      "s < silence",
    ],
  },
  {
    title:
      "[MQTT-4.3.3-1] [MQTT-4.3.3-2] [MQTT-4.3.3-3] [MQTT-4.3.3-4] [MQTT-4.3.3-5] [MQTT3-4.3.3-1] QoS 2: PUBLISH until PUBREC, PUBREL until PUBCOMP, each under its identifier",
    lines: [
      ...pair("@/a,q2"),
      ...["1", "2"].flatMap((payload) => [
        `p > publish @/a=${payload} q2 #1`,
        "p < pubrec #1",
        "p > pubrel #1",
        "p < pubcomp #1",
      ]),
      "s < publish @/a=1 q2 #x",
      "s < publish @/a=2 q2 #y",
      "s > pubrec #x",
      "s < pubrel #x",
      "s < silence",
      "s cut",
      "s > connect keep",
      "s < connack 0 present",
      "s < pubrel #x",
      "s < publish @/a=2 q2 dup #y",
      "s > pubcomp #x & pubrec #y",
      "s < pubrel #y",
      "s cut",
      "s > connect keep",
      "s < connack 0 present",
      "s < pubrel #y",
      "s > pubcomp #y",
      "s cut",
      "s > connect keep",
      "s < connack 0 present",
      "s < silence",
    ],
  },
  {
    title: "[MQTT-4.4.0-2] PUBACK or PUBREC of 0x80 or above ends the message",
    in: [5],
    lines: [
      ...pair("@/a,q2"),
      "p > publish @/a=1 q1 #1 & publish @/a=2 q2 #2",
      "p < puback #1",
      "p < pubrec #2",
      "s < publish @/a=1 q1 #x",
      "s < publish @/a=2 q2 #y",
      "s > puback #x 0x80 & pubrec #y 0x80",
      "s < silence",
      "s cut",
      "s > connect keep",
      "s < connack 0 present",
      "s < silence",
    ],
  },
  {
    title: "[MQTT-4.3.3-7] what has been sent does not expire",
    in: [5],
    lines: [
      ...pair("@/a,q2"),
      'p > publish @/a=1 q2 #1 {"messageExpiryInterval":1}',
      "p < pubrec #1",
      's < publish @/a=1 q2 #x {"messageExpiryInterval":1}',
      "s cut",
      ...oneSecond,
      "s > connect keep",
      "s < connack 0 present",
      's < publish @/a=1 q2 dup #x {"messageExpiryInterval":0}',
      "s > pubrec #x",
      "s < pubrel #x",
      "s > pubcomp #x",
    ],
  },
  {
    title: "[MQTT-4.5.0-1] [MQTT3-4.5.0-1] every session with a matching subscription gets it, connected or not",
    lines: [
      ...pair("@/a,q1"),
      "t > connect keep",
      "t < connack 0",
      "t > subscribe #1 @/+,q1",
      "t < suback #1 1",
      "t > disconnect",
      "t < close",
      "u > connect",
      "u < connack 0",
      "u > subscribe #1 @/#,q0",
      "u < suback #1 0",
      "v > connect",
      "v < connack 0",
      "v > subscribe #1 @/b,q1",
      "v < suback #1 1",
      "p > publish @/a=1 q1 #1",
      "p < puback #1",
      "s < publish @/a=1 q1 #x",
      "u < publish @/a=1",
      "v < silence",
      "t > connect keep",
      "t < connack 0 present",
      "t < publish @/a=1 q1 #w",
    ].map((line) => line.replace("#w", "#x")),
  },
  {
    title:
      "[MQTT-4.6.0-5] [MQTT-4.6.0-6] [MQTT3-4.6.0-5] [MQTT3-4.6.0-6] messages of one QoS are forwarded in the order received",
    lines: [
      ...pair("@/a,q2"),
      `p > ${numbers.map((number) => `publish @/a=${number} q1 #${number}`).join(" & ")}`,
      ...numbers.map((number) => `p < puback #${number}`),
      ...numbers.map((number) => `s < publish @/a=${number} q1 #${letters(number)}`),
      "s > disconnect",
      "s < close",
      `p > ${numbers.map((number) => `publish @/a=${number} q2 #${number}`).join(" & ")}`,
      ...numbers.map((number) => `p < pubrec #${number}`),
      "s > connect keep",
      "s < connack 0 present",
      ...numbers.map((number) => `s < publish @/a=${number} q1 dup #${letters(number)}`),
      ...numbers.map((number) => `s < publish @/a=${number} q2 #z${letters(number)}`),
    ],
  },
  {
    title:
      "[MQTT-3.3.2-3] [MQTT3-3.3.2-3] the topic of what is forwarded is the one published, which the filter matches",
    lines: [
      ...pair("@/a/+/c", "@/a/d/#"),
      "p > publish @/a/b/c=1 & publish @/a/d=2 & publish @/a/d/e=3 & publish @/a/b/d=4 & publish @/a/d/c=5",
      "s < publish @/a/b/c=1",
      "s < publish @/a/d=2",
      "s < publish @/a/d/e=3",
      "s < publish @/a/d/c=5",
      "s < silence",
    ],
  },
  {
    title:
      "[MQTT-3.3.2-1] [MQTT3-3.3.2-1] [MQTT3-1.5.3-3] a topic of many scripts, a byte-order mark in it, stays as it is",
    lines: [
      ...pair("@/t/#"),
      "p > publish @/t/é/\u20ac/😀=1 & publish @/t/\ufeffa=2 & publish @/t/a\ufeff=3",
      "s < publish @/t/é/\u20ac/😀=1",
      "s < publish @/t/\ufeffa=2",
      "s < publish @/t/a\ufeff=3",
    ],
  },
  {
    title:
      "[MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-20] the publisher's properties are forwarded unchanged",
    in: [5],
    lines: [
      ...pair("@/a,q1"),
      'p > publish @/a=1 q1 #1 {"payloadFormatIndicator":true,"contentType":"text/é","responseTopic":"@/r","correlationData":"c","userProperties":{"b":["2","1"],"a":"3"}}',
      "p < puback #1",
      's < publish @/a=1 q1 #x {"contentType":"text/é","correlationData":"c","payloadFormatIndicator":true,"responseTopic":"@/r","userProperties":{"b":["2","1"],"a":"3"}}',
      'p > publish @/a=2 {"payloadFormatIndicator":false,"responseTopic":"@/r"}',
      's < publish @/a=2 {"payloadFormatIndicator":false,"responseTopic":"@/r"}',
    ],
  },
  {
    title: "[MQTT-3.1.2-27] [MQTT-3.3.2-11] a client that allows no aliases gets none",
    in: [5],
    lines: [
      ...pair("@/#"),
      "p > publish @/long-topic=1 & publish @/long-topic=2",
      "s < publish @/long-topic=1",
      "s < publish @/long-topic=2",
    ],
  },
  {
    title: "[MQTT-3.1.2-26] a client that allows one alias gets one",
    in: [5],
    lines: [
      "p > connect",
      "p < connack 0",
      's > connect {"topicAliasMaximum":1}',
      "s < connack 0",
      "s > subscribe #1 @/#",
      "s < suback #1 0",
      "p > publish @/t/one=1 & publish @/t/two=2 & publish @/t/one=3 & publish @/t/two=4",
      's < publish @/t/one=1 {"topicAlias":1}',
      "s < publish @/t/two=2",
      's < publish =3 {"topicAlias":1}',
      "s < publish @/t/two=4",
    ],
  },
  {
    title:
      "[MQTT-4.9.0-1] [MQTT-4.9.0-2] a client that allows one gets one at a time, and each acknowledgement brings the next",
    in: [5],
    lines: [
      "p > connect",
      "p < connack 0",
      's > connect keep {"receiveMaximum":1}',
      "s < connack 0",
      "s > subscribe #1 @/a,q2",
      "s < suback #1 2",
      "p > publish @/a=1 q1 #1 & publish @/a=2 q2 #2 & publish @/a=3 q1 #3",
      "p < puback #1",
      "p < pubrec #2",
      "p < puback #3",
      "s < publish @/a=1 q1 #x",
      "s < silence",
      "s > puback #x",
      "s < publish @/a=2 q2 #y",
      "s > pubrec #y",
      "s < pubrel #y",
      "s < silence",
      "s > pubcomp #y",
      "s < publish @/a=3 q1 #z",
    ],
  },
  {
    title: "[MQTT-4.9.0-3] at quota zero everything else is answered",
    in: [5],
    lines: [
      "p > connect",
      "p < connack 0",
      's > connect keep {"receiveMaximum":1}',
      "s < connack 0",
      "s > subscribe #1 @/a,q2",
      "s < suback #1 2",
      "p > publish @/a=1 q1 #1 & publish @/a=2 q1 #2",
      "p < puback #1",
      "p < puback #2",
      "s < publish @/a=1 q1 #x",
      "s > pingreq",
      "s < pingresp",
      "s > publish @/b=1 q1 #9",
      "s < puback #9",
      "s > publish @/b=2 q2 #9",
      "s < pubrec #9",
      "s > pubrel #9",
      "s < pubcomp #9",
      "s > unsubscribe #3 @/none",
      "s < unsuback #3 0x11",
      "s < silence",
    ],
  },
];

/** 1 is a, 27 is aa: names for identifiers that the broker chooses. */
function letters(number: number): string {
  const last = String.fromCharCode(97 + ((number - 1) % 26));
  return number > 26 ? letters(Math.floor((number - 1) / 26)) + last : last;
}

conversations(broker, toTheBroker);
conversations(broker, toTheSubscriber);

const notUtf8 = [0, 2, 0xc3, 0x28];

test.each([
  { title: "[MQTT-3.3.2-13] a response topic", property: [0x08, ...notUtf8] },
  { title: "[MQTT-3.3.2-19] a content type", property: [0x03, ...notUtf8] },
  { title: "[MQTT-1.5.7-1] the name of a user property", property: [0x26, ...notUtf8, 0, 1, 0x61] },
  { title: "[MQTT-1.5.7-1] the value of a user property", property: [0x26, 0, 1, 0x61, ...notUtf8] },
])("$title that is not UTF-8 is malformed", async ({ property }) => {
  const { client } = await RawClient.connect(broker().url, { version: 5 });
  client.socket.sendBytes(packet(0x30, text("a"), bytes(property.length, ...property)));
  expect(await refusal(client.socket, 5, 1)).toBe("DISCONNECT 0x81");
});

test.each(versions.map((version) => ({ version, name: versionNames[version] })))(
  "[MQTT-3.3.2-1] [MQTT3-3.3.2-1] [MQTT3-4.8.0-1] a topic that is not UTF-8 closes the connection, in $name",
  async ({ version }) => {
    const { client } = await RawClient.connect(broker().url, { version });
    client.socket.sendBytes(packet(0x30, withLength(bytes(0xff)), noProperties(version), text("x")));
    expect(await refusal(client.socket, version, 1)).toBe(version === 5 ? "DISCONNECT 0x81" : "closed");
    // Nobody else's.
    await play(broker().url, version, ["a > connect", "a < connack 0", "a > pingreq", "a < pingresp"]);
  },
);

test.each(versions.map((version) => ({ version, name: versionNames[version] })))(
  "[MQTT-2.1.3-1] [MQTT3-2.2.2-1] the broker's packets have the flags of their type, in $name",
  async ({ version }) => {
    const { client } = await RawClient.connect(broker().url, { version });
    const topic = `flags/${client.version}/${Math.random()}`;
    await client.subscribe(topic, 2);
    client.send({ cmd: "publish", topic, payload: "1", qos: 1, messageId: 1, dup: false, retain: false });
    client.send({ cmd: "publish", topic, payload: "2", qos: 2, messageId: 2, dup: false, retain: false });
    const packets = [await client.nextPacket(), await client.nextPacket(), await client.nextPacket()];
    packets.push(await client.nextPacket());
    const second = packets.find((each) => each.cmd === "publish" && each.qos === 2);
    client.send({ cmd: "pubrel", messageId: 2 });
    await client.expectPacket("pubcomp");
    client.send({ cmd: "pubrec", messageId: second?.messageId ?? 0 });
    await client.expectPacket("pubrel");
    client.send({ cmd: "unsubscribe", messageId: 9, unsubscriptions: [topic] });
    await client.expectPacket("unsuback");
    client.send({ cmd: "pingreq" });
    await client.expectPacket("pingresp");
    const firstBytes = client.socket.packets.map(({ firstByte }) => firstByte);
    const all = [0x20, 0x32, 0x34, 0x40, 0x50, 0x62, 0x70, 0x90, 0xb0, 0xd0];
    expect(firstBytes.toSorted((left, right) => left - right)).toEqual(all);
  },
);
