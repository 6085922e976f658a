// Wills.

import { mourning } from "./phrases.ts";
import type { Conversation } from "./play.ts";

export const wills: readonly Conversation[] = [
  {
    title: "[MQTT-3.1.2-7] [MQTT-3.1.2-8] [MQTT3-3.1.2-8] the will of a connection that breaks is published",
    lines: [
      ...mourning,
      "a > connect will=@/w/a=gone,q2",
      "a < connack 0",
      "m < silence",
      "a cut",
      "m < publish @/w/a=gone q2 #x",
    ],
  },
  {
    title: "[MQTT-3.1.2-14] [MQTT3-3.1.2-16] a will without Will Retain is not retained",
    lines: [
      ...mourning,
      "a > connect will=@/w/a=gone",
      "a < connack 0",
      "a cut",
      "m < publish @/w/a=gone",
      "s > connect",
      "s < connack 0",
      "s > subscribe #1 @/w/a",
      "s < suback #1 0",
      "s < silence",
    ],
  },
  {
    title: "[MQTT-3.1.2-15] [MQTT3-3.1.2-17] a will with Will Retain is retained",
    lines: [
      ...mourning,
      "a > connect will=@/w/a=gone,q1,retain",
      "a < connack 0",
      "a cut",
      "m < publish @/w/a=gone q1 #x",
      "s > connect",
      "s < connack 0",
      "s > subscribe #1 @/w/a",
      "s < suback #1 0",
      "s < publish @/w/a=gone retain",
    ],
  },
  {
    title:
      "[MQTT-3.1.2-10] [MQTT-3.14.4-3] [MQTT3-3.1.2-10] [MQTT3-3.14.4-3] DISCONNECT removes the will, for later connections too",
    lines: [
      ...mourning,
      "a > connect keep will=@/w/a=gone",
      "a < connack 0",
      "a > disconnect",
      "a < close",
      "m < silence",
      "a > connect keep will=@/w/a=second",
      "a < connack 0 present",
      "a cut",
      "m < publish @/w/a=second",
      "a > connect keep",
      "a < connack 0 present",
      "a cut",
      "b > connect will=@/w/b=b",
      "b < connack 0",
      "b cut",
      "m < publish @/w/b=b",
    ],
  },
  {
    title: "[MQTT3-3.1.2-12] without a will nothing is published",
    lines: [
      ...mourning,
      "a > connect",
      "a < connack 0",
      "a cut",
      "b > connect will=@/w/b=b",
      "b < connack 0",
      "b cut",
      "m < publish @/w/b=b",
    ],
  },
  {
    title: "[MQTT-3.1.3-10] a will's user properties are forwarded in their order",
    in: [5],
    lines: [
      ...mourning,
      'a > connect will=@/w/a=gone {"will":{"userProperties":{"b":["2","1"],"a":"3"},"contentType":"t"}}',
      "a < connack 0",
      "a cut",
      'm < publish @/w/a=gone {"contentType":"t","userProperties":{"b":["2","1"],"a":"3"}}',
    ],
  },
];
