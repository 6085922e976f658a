// SUBSCRIBE, UNSUBSCRIBE and what filters match.

import { pair, unsuback } from "./phrases.ts";
import type { Conversation } from "./play.ts";

export const subscriptions: readonly Conversation[] = [
  {
    title:
      "[MQTT-2.2.1-6] [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT3-2.3.1-7] [MQTT3-3.8.4-1] [MQTT3-3.8.4-2] SUBACK and UNSUBACK repeat the identifier",
    lines: (version) => [
      ...pair(),
      "s > subscribe #1 @/t/a & subscribe #65535 @/t/b,q1 & subscribe #300 @/t/c,q2",
      "s < suback #1 0",
      "s < suback #65535 1",
      "s < suback #300 2",
      "s > unsubscribe #65535 @/t/a & unsubscribe #7 @/t/b",
      unsuback(version, 65535, "0"),
      unsuback(version, 7, "0"),
    ],
  },
  {
    title:
      "[MQTT-3.8.4-5] [MQTT-3.8.4-7] [MQTT-3.9.3-1] [MQTT3-3.8.4-4] [MQTT3-3.8.4-5] [MQTT3-3.9.3-1] several filters are several subscriptions with one SUBACK, in their order",
    lines: [
      ...pair(),
      "s > subscribe #5 @/t/a,q2 @/t/b,q0 @/t/c,q1",
      "s < suback #5 2 0 1",
      "p > publish @/t/a=1 q1 #1 & publish @/t/c=2 q1 #2 & publish @/t/d=3 q1 #3",
      "p < puback #1",
      "p < puback #2",
      "p < puback #3",
      "s < publish @/t/a=1 q1 #x",
      "s < publish @/t/c=2 q1 #y",
      "p > publish @/t/b=4 q1 #1",
      "p < puback #1",
      "s < publish @/t/b=4",
    ],
  },
  {
    title: "[MQTT-3.9.3-2] [MQTT-3.8.4-6] a filter that is refused has a code of its own, from the list",
    in: [5],
    lines: [...pair(), "s > subscribe #5 @/a,q1 @/#/b $share/group/@/#/c @/d,q2", "s < suback #5 1 0x8f 0x8f 2"],
  },
  {
    title:
      "[MQTT-3.8.4-3] [MQTT-3.8.4-4] [MQTT3-3.8.4-3] the same filter again replaces the subscription; what is retained comes again, and nothing is lost",
    lines: [
      ...pair(),
      "p > publish @/t/a=kept q1 #1 retain",
      "p < puback #1",
      "s > subscribe #1 @/t/a,q1",
      "s < suback #1 1",
      "s < publish @/t/a=kept q1 retain #x",
      "p > publish @/t/a=between q1 #1",
      "p < puback #1",
      "s < publish @/t/a=between q1 #y",
      "s > subscribe #2 @/t/a,q0",
      "s < suback #2 0",
      "s < publish @/t/a=kept retain",
      "p > publish @/t/a=after q1 #1",
      "p < puback #1",
      "s < publish @/t/a=after",
    ],
  },
  {
    title: "[MQTT-3.8.4-8] [MQTT3-3.8.4-6] the QoS of a delivery is the lower of published and granted",
    lines: [
      ...pair(),
      "s > subscribe #1 @/0/a,q0 @/1/a,q1 @/2/a,q2",
      "s < suback #1 0 1 2",
      ...[0, 1, 2].flatMap((granted) =>
        [0, 1, 2].flatMap((published) => {
          const qos = Math.min(granted, published);
          return [
            `p > publish @/${granted}/a=${published} ${published > 0 ? `q${published} #1` : ""}`,
            ...(published === 1 ? ["p < puback #1"] : []),
            ...(published === 2 ? ["p < pubrec #1", "p > pubrel #1", "p < pubcomp #1"] : []),
            `s < publish @/${granted}/a=${published}${qos > 0 ? ` q${qos} #${"abcdefghi"[granted * 3 + published]}` : ""}`,
          ];
        }),
      ),
    ],
  },
  {
    title: "[MQTT-3.3.4-2] [MQTT3-3.3.5-1] overlapping filters: the highest QoS",
    lines: [
      ...pair(),
      "s > subscribe #1 @/#,q0 @/a/+,q2 @/a/b,q1",
      "s < suback #1 0 2 1",
      "p > publish @/a/b=1 q2 #1",
      "p < pubrec #1",
      "s < publish @/a/b=1 q2 #x",
      "s < silence",
    ],
  },
  {
    title: "[MQTT-3.3.4-3] [MQTT-3.3.4-4] one copy with the identifiers of all that match",
    in: [5],
    lines: [
      ...pair(),
      's > subscribe #1 @/# {"subscriptionIdentifier":1}',
      "s < suback #1 0",
      's > subscribe #2 @/a/+,q1 {"subscriptionIdentifier":268435455}',
      "s < suback #2 1",
      's > subscribe #3 @/a/b {"subscriptionIdentifier":200}',
      "s < suback #3 0",
      "s > subscribe #4 @/+/b",
      "s < suback #4 0",
      "p > publish @/a/c=1",
      's < publish @/a/c=1 {"subscriptionIdentifier":[1,268435455]}',
      "p > publish @/c=2",
      's < publish @/c=2 {"subscriptionIdentifier":1}',
    ],
  },
  {
    title: "[MQTT-3.8.3-3] No Local: not to the client that published",
    in: [5],
    lines: [
      ...pair(),
      "s > subscribe #1 @/t/a,nl @/t/b",
      "s < suback #1 0 0",
      "s > publish @/t/a=own & publish @/t/b=own",
      "s < publish @/t/b=own",
      "s < silence",
      "p > publish @/t/a=other",
      "s < publish @/t/a=other",
    ],
  },
  {
    title:
      "[MQTT-3.10.4-1] [MQTT-3.10.4-2] [MQTT-3.11.3-1] [MQTT3-3.10.4-1] [MQTT3-3.10.4-2] only the filter that is the same in every character is deleted",
    lines: (version) => [
      ...pair(),
      "s > subscribe #1 @/t/a/b @/t/A/b @/t/a/+",
      "s < suback #1 0 0 0",
      "s > unsubscribe #2 @/t/+/b @/t/a/# @/t/a/ @/t/a/+",
      unsuback(version, 2, "0x11 0x11 0x11 0"),
      "p > publish @/t/a/b=1 & publish @/t/a/c=2 & publish @/t/A/b=3",
      "s < publish @/t/a/b=1",
      "s < publish @/t/A/b=3",
      "s > unsubscribe #3 @/t/a/b",
      unsuback(version, 3, "0"),
      "p > publish @/t/a/b=4 q1 #1 & publish @/t/A/b=5 q1 #2",
      "p < puback #1",
      "p < puback #2",
      "s < publish @/t/A/b=5",
      "s < silence",
    ],
  },
  {
    title: "[MQTT-3.10.4-3] [MQTT3-3.10.4-3] deliveries that have begun are finished",
    lines: (version) => [
      ...pair(),
      "s > subscribe #1 @/a,q2",
      "s < suback #1 2",
      "p > publish @/a=1 q1 #1 & publish @/a=2 q2 #2 & publish @/a=3 q2 #3",
      "p < puback #1",
      "p < pubrec #2",
      "p < pubrec #3",
      "s < publish @/a=1 q1 #x",
      "s < publish @/a=2 q2 #y",
      "s < publish @/a=3 q2 #z",
      "s > pubrec #y",
      "s < pubrel #y",
      "s > unsubscribe #2 @/a",
      unsuback(version, 2, "0"),
      "s cut",
      "s > connect keep",
      "s < connack 0 present",
      "s < publish @/a=1 q1 dup #x",
      "s < pubrel #y",
      "s < publish @/a=3 q2 dup #z",
      "s > puback #x & pubcomp #y & pubrec #z",
      "s < pubrel #z",
      "s > pubcomp #z",
      "s < silence",
    ],
  },
  {
    title:
      "[MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.11.3-2] [MQTT3-3.10.4-4] [MQTT3-3.10.4-5] UNSUBACK also when nothing was deleted",
    lines: (version) => [...pair(), "s > unsubscribe #9 @/none", unsuback(version, 9, "0x11")],
  },
  {
    title: "[MQTT-3.10.4-6] [MQTT3-3.10.4-6] several filters are unsubscribed with one UNSUBACK",
    lines: (version) => [
      ...pair(),
      "s > subscribe #1 @/t/a @/t/b @/t/c",
      "s < suback #1 0 0 0",
      "s > unsubscribe #2 @/t/c @/t/a",
      unsuback(version, 2, "0 0"),
      "p > publish @/t/a=1 & publish @/t/b=2 & publish @/t/c=3",
      "s < publish @/t/b=2",
      "p > publish @/t/b=end",
      "s < publish @/t/b=end",
      "s < silence",
    ],
  },
];

const published = (topic: string): string[] => [`p > publish ${topic}=1 q1 #1`, "p < puback #1"];

/** Subscribes to a filter and says which topics come through it. */
function matching(title: string, filter: string, topics: Readonly<Record<string, boolean>>): Conversation {
  return {
    title,
    lines: [
      ...pair(),
      `s > subscribe #1 ${filter}`,
      "s < suback #1 0",
      ...Object.entries(topics).flatMap(([topic, comes]) => [
        ...published(topic),
        comes ? `s < publish ${topic}=1` : "s < silence",
      ]),
    ],
  };
}

export const filters: readonly Conversation[] = [
  matching("[MQTT-4.7.1-1] [MQTT3-4.7.1-2] # is the parent and all below", "@/a/#", {
    "@/a": true,
    "@/a/": true,
    "@/a/b/c": true,
    "@/ab": false,
    "@": false,
  }),
  matching("[MQTT-4.7.1-2] [MQTT3-4.7.1-3] + is one whole level", "@/+/c", {
    "@/a/c": true,
    "@//c": true,
    "@/a/b/c": false,
    "@/c": false,
  }),
  matching("[MQTT-4.7.2-1] [MQTT3-4.7.2-1] a leading + does not match $", "+/@/a", {
    "$sys/@/a": false,
    "sys/@/a": true,
  }),
  matching("[MQTT-4.7.3-4] [MQTT3-4.7.3-4] nothing is folded or normalized", "@/\u00e9/A", {
    "@/\u00e9/A": true,
    "@/e\u0301/A": false,
    "@/\u00e9/a": false,
    "@/\u00c9/A": false,
    "/@/\u00e9/A": false,
    "@/\u00e9/A/": false,
  }),
  {
    title: "[MQTT3-4.7.1-2] [MQTT3-4.7.1-3] a filter with a wildcard in the wrong place closes the connection",
    in: [3, 4],
    lines: ["@/a#", "@/#/b", "@/a+", "@/+a/b"].flatMap((filter, index) => [
      `c${index} > connect`,
      `c${index} < connack 0`,
      `c${index} > subscribe #1 ${filter}`,
      `c${index} < close`,
    ]),
  },
];
