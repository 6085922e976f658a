// The limits of the specification and of a deployment: what is still allowed at each, and what is one too many.

import { oneSecond, pair } from "./phrases.ts";
import type { Conversation } from "./play.ts";
import type { Setting } from "./settings.ts";

const largestIdentifier = 268_435_455;
const never = 0xffff_ffff;

/** SUBSCRIBE #1 to `a` with a subscription identifier of these bytes. */
const subscribeWith = (identifier: string): string => {
  const bytes = identifier.split(" ").length + 1;
  return `raw 82 ${hex(2 + 1 + bytes + 3 + 1)} 00 01 ${hex(bytes)} 0b ${identifier} 00 01 61 00`;
};

function hex(value: number): string {
  return value.toString(16).padStart(2, "0");
}

export const edges: readonly Conversation[] = [
  {
    title:
      "[MQTT-2.2.1-5] [MQTT-2.2.1-6] [MQTT3-2.3.1-6] [MQTT3-2.3.1-7] the largest packet identifier, in each packet",
    lines: (version) => [
      ...pair("@/a,q2"),
      "p > publish @/a=1 q1 #65535",
      "p < puback #65535",
      "s < publish @/a=1 q1 #x",
      "p > publish @/a=2 q2 #65535",
      "p < pubrec #65535",
      "p > pubrel #65535",
      "p < pubcomp #65535",
      "s < publish @/a=2 q2 #y",
      "p > subscribe #65535 @/b,q1",
      "p < suback #65535 1",
      "p > unsubscribe #65535 @/b",
      version === 5 ? "p < unsuback #65535 0" : "p < unsuback #65535",
    ],
  },
  {
    title: "[MQTT-3.3.4-3] the largest subscription identifier comes back as it was given",
    in: [5],
    lines: [
      "p > connect",
      "p < connack 0",
      "s > connect",
      "s < connack 0",
      `s > subscribe #1 @/a {"subscriptionIdentifier":${largestIdentifier}}`,
      "s < suback #1 0",
      's > subscribe #2 @/+ {"subscriptionIdentifier":1}',
      "s < suback #2 0",
      "p > publish @/a=1",
      `s < publish @/a=1 {"subscriptionIdentifier":[1,${largestIdentifier}]}`,
    ],
  },
  {
    title: "[MQTT-1.5.5-1] a subscription identifier of five bytes is malformed, and so is one that is padded",
    in: [5],
    lines: ["ff ff ff ff 01", "81 00"].flatMap((identifier, index) => [
      `c${index} > connect`,
      `c${index} < connack 0`,
      `c${index} > ${subscribeWith(identifier)}`,
      `c${index} < refused 0x81`,
    ]),
  },
  {
    title: "a subscription identifier of 0 is a protocol error",
    in: [5],
    lines: ["a > connect", "a < connack 0", `a > ${subscribeWith("00")}`, "a < refused 0x82"],
  },
  {
    title: "[MQTT-3.2.2-22] [MQTT3-3.1.2-24] the longest keep-alive, and none",
    lines: [
      "a > connect keepalive=65535",
      'a < connack 0 {"serverKeepAlive":null}',
      "a > pingreq",
      "a < pingresp",
      "b > connect keepalive=0",
      'b < connack 0 {"serverKeepAlive":null}',
      "b > pingreq",
      "b < pingresp",
    ],
  },
  {
    title: "[MQTT-3.1.2-23] a session that never expires is there when its client comes back, and so is its queue",
    in: [5],
    lines: [
      "p > connect",
      "p < connack 0",
      `a > connect keep {"sessionExpiryInterval":${never}}`,
      // As it was asked for.
      'a < connack 0 {"sessionExpiryInterval":null}',
      "a > subscribe #1 @/a,q1",
      "a < suback #1 1",
      "a > disconnect",
      "a < close",
      "p > publish @/a=1 q1 #1",
      "p < puback #1",
      ...oneSecond(),
      `a > connect keep {"sessionExpiryInterval":${never}}`,
      "a < connack 0 present",
      "a < publish @/a=1 q1 #x",
    ],
  },
  {
    title: "[MQTT-3.3.2-6] the longest message expiry, forwarded at once and after a second",
    in: [5],
    lines: [
      ...pair("@/a,q1"),
      `p > publish @/a=1 {"messageExpiryInterval":${never}}`,
      `s < publish @/a=1 {"messageExpiryInterval":${never}}`,
      "s > disconnect",
      "s < close",
      `p > publish @/a=2 q1 #2 {"messageExpiryInterval":${never}}`,
      "p < puback #2",
      ...oneSecond(),
      "s > connect keep",
      "s < connack 0 present",
      `s < publish @/a=2 q1 #x {"messageExpiryInterval":${never - 1}}`,
    ],
  },
  {
    title: "[MQTT-3.3.2-5] a message that expires at once reaches who is there, and nobody who comes later",
    in: [5],
    lines: [
      ...pair("@/a,q1"),
      "t > connect keep",
      "t < connack 0",
      "t > subscribe #1 @/a,q1",
      "t < suback #1 1",
      "t > disconnect",
      "t < close",
      'p > publish @/a=1 q1 #1 {"messageExpiryInterval":1}',
      "p < puback #1",
      's < publish @/a=1 q1 #x {"messageExpiryInterval":1}',
      ...oneSecond(),
      "t > connect keep",
      "t < connack 0 present",
      "t < silence",
    ],
  },
];

export const smallLimits: Setting = {
  env: { TOPIC_LEVELS_MAX: "4", SUBSCRIPTIONS_MAX: "3" },
  conversations: [
    {
      title: "as many topic levels as are allowed, in PUBLISH, SUBSCRIBE, UNSUBSCRIBE and a will",
      lines: (version) => [
        "m > connect",
        "m < connack 0",
        "m > subscribe #1 @/b/c/d,q1 @/+/+/#,q1",
        "m < suback #1 1 1",
        "a > connect will=@/b/c/w=will,q1",
        "a < connack 0",
        "a > publish @/b/c/d=1 q1 #1",
        "a < puback #1",
        "m < publish @/b/c/d=1 q1 #x",
        "a cut",
        "m < publish @/b/c/w=will q1 #y",
        "m > unsubscribe #2 @/b/c/d",
        version === 5 ? "m < unsuback #2 0" : "m < unsuback #2",
      ],
    },
    {
      title: "one level more in SUBSCRIBE is refused for itself",
      lines: (version) => [
        "a > connect",
        "a < connack 0",
        "a > subscribe #1 @/b/c/d/e @/b/c/d @////",
        version === 5 ? "a < suback #1 0x8f 0 0x8f" : "a < suback #1 0x80 0 0x80",
      ],
    },
    {
      title: "[MQTT-3.4.2-1] [MQTT-3.5.2-1] one level more in PUBLISH is refused with 0x90, at QoS 0 dropped",
      in: [5],
      lines: [
        "a > connect",
        "a < connack 0",
        "a > publish @/b/c/d/e=0 & publish @/b/c/d/e=1 q1 #1 & publish @//// q2 #2",
        "a < puback #1 0x90",
        "a < pubrec #2 0x90",
      ],
    },
    {
      title: "[MQTT3-4.8.0-1] one level more in PUBLISH closes the connection where nothing can say no",
      in: [3, 4],
      lines: ["a > connect", "a < connack 0", "a > publish @/b/c/d/e=1 q1 #1", "a < close"],
    },
    {
      title: "[MQTT-3.1.4-2] [MQTT3-3.1.4-2] one level more in a will is refused, and the connection closed",
      lines: (version) => [
        "a > connect will=@/b/c/d/e=will",
        ...(version === 5 ? ["a < connack 0x90"] : []),
        "a < close",
      ],
    },
    {
      title: "as many subscriptions as are allowed; one more is refused, one of them may be made anew or make room",
      lines: (version) => {
        const refused = version === 5 ? "0x97" : "0x80";
        return [
          "a > connect",
          "a < connack 0",
          "a > subscribe #1 @/s/1 @/s/2",
          "a < suback #1 0 0",
          "a > subscribe #2 @/s/3 @/s/4,q1 @/s/1,q1",
          `a < suback #2 0 ${refused} 1`,
          "a > unsubscribe #3 @/s/2",
          version === 5 ? "a < unsuback #3 0" : "a < unsuback #3",
          "a > subscribe #4 @/s/4,q1 @/s/5",
          `a < suback #4 1 ${refused}`,
          "a > publish @/s/1=1 & publish @/s/2=2 & publish @/s/3=3 & publish @/s/4=4 & publish @/s/5=5",
          "a < publish @/s/1=1",
          "a < publish @/s/3=3",
          "a < publish @/s/4=4",
        ];
      },
    },
  ],
};
