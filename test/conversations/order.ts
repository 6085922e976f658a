// The order of what is acknowledged and forwarded.

import { letters, numbers, pair } from "./phrases.ts";
import type { Conversation } from "./play.ts";

const ten = numbers.slice(0, 10);

export const ordered: readonly Conversation[] = [
  {
    title:
      "[MQTT-4.6.0-2] [MQTT3-4.6.0-2] PUBACK comes in the order of PUBLISH, whichever shard is the first to answer",
    lines: [
      "p > connect",
      "p < connack 0",
      `p > ${ten.map((number) => `publish @${number}/a=${number} q1 #${number}`).join(" & ")}`,
      ...ten.map((number) => `p < puback #${number}`),
    ],
  },
  {
    title: "[MQTT-4.6.0-3] [MQTT3-4.6.0-3] and so does PUBREC; PUBCOMP comes in the order of PUBREL",
    lines: [
      "p > connect",
      "p < connack 0",
      `p > ${ten.map((number) => `publish @${number}/a=${number} q2 #${number}`).join(" & ")}`,
      ...ten.map((number) => `p < pubrec #${number}`),
      `p > ${ten
        .toReversed()
        .map((number) => `pubrel #${number}`)
        .join(" & ")}`,
      ...ten.toReversed().map((number) => `p < pubcomp #${number}`),
    ],
  },
  {
    title: "[MQTT-4.6.0-4] [MQTT3-4.6.0-4] PUBREL comes in the order of PUBREC",
    lines: [
      ...pair("@/a,q2"),
      `p > ${ten.map((number) => `publish @/a=${number} q2 #${number}`).join(" & ")}`,
      ...ten.map((number) => `p < pubrec #${number}`),
      ...ten.map((number) => `s < publish @/a=${number} q2 #${letters(number)}`),
      `s > ${ten
        .toReversed()
        .map((number) => `pubrec #${letters(number)}`)
        .join(" & ")}`,
      ...ten.toReversed().map((number) => `s < pubrel #${letters(number)}`),
    ],
  },
  {
    title:
      "[MQTT-4.6.0-1] [MQTT3-4.6.0-1] what is resent comes in the order of the first time, before what has come meanwhile",
    lines: [
      ...pair("@/a,q2"),
      ...ten.slice(0, 4).flatMap((number) => [`p > publish @/a=${number} q1 #1`, "p < puback #1"]),
      ...ten.slice(0, 4).map((number) => `s < publish @/a=${number} q1 #${letters(number)}`),
      `s > puback #${letters(3)} & puback #${letters(1)}`,
      "s < silence",
      "s cut",
      "p > publish @/a=5 q1 #1",
      "p < puback #1",
      "s > connect keep",
      "s < connack 0 present",
      "s < publish @/a=2 q1 dup #b",
      "s < publish @/a=4 q1 dup #d",
      "s < publish @/a=5 q1 #e",
    ],
  },
];
