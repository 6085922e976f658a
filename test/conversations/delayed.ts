// Messages to $delayed/<seconds>/<topic>.

import { oneSecond, pair } from "./phrases.ts";
import type { Conversation } from "./play.ts";

const acknowledged: readonly (readonly string[])[] = [
  [],
  ["p < puback #1"],
  ["p < pubrec #1", "p > pubrel #1", "p < pubcomp #1"],
];

export const delayed: readonly Conversation[] = [
  ...[0, 1, 2].map((qos) => ({
    title: `a delayed message at QoS ${qos} comes when its seconds have passed, behind what was published later`,
    lines: [
      ...pair("@/a,q2"),
      `p > publish $delayed/1/@/a=later${qos > 0 ? ` q${qos} #1` : ""}`,
      ...(acknowledged[qos] ?? []),
      "p > publish @/a=now q1 #2",
      "p < puback #2",
      "s < publish @/a=now q1 #x",
      `s < publish @/a=later${qos > 0 ? ` q${qos} #y` : ""}`,
    ],
  })),
  {
    title: "it does not come before they have",
    in: [5],
    lines: [
      ...pair("@/a,q1"),
      "p > publish $delayed/2/@/a=later q1 #1",
      "p < puback #1",
      ...oneSecond(),
      "s < silence",
      "s < publish @/a=later q1 #x",
    ],
  },
  {
    title: "a delayed message is retained when its seconds have passed, and not before",
    lines: [
      ...pair(),
      "p > publish $delayed/1/@/a=kept q1 #1 retain",
      "p < puback #1",
      "s > subscribe #1 @/a,q1",
      "s < suback #1 1",
      "s < publish @/a=kept q1 #x",
      "t > connect",
      "t < connack 0",
      "t > subscribe #1 @/a,q1",
      "t < suback #1 1",
      "t < publish @/a=kept q1 retain #x",
    ],
  },
  {
    title: "a topic that asks for no delay that there could be is refused",
    lines: (version) => [
      "p > connect",
      "p < connack 0",
      "p > publish $delayed/soon/@/a=never q1 #1",
      version === 5 ? "p < puback #1 0x90" : "p < close",
    ],
  },
];
