// How long a session lasts, and who owns it.

import { mourning, oneSecond, pair } from "./phrases.ts";
import type { Conversation } from "./play.ts";

export const sessions: readonly Conversation[] = [
  {
    title: "[MQTT-3.1.2-6] [MQTT-3.2.2-3] session present says whether there was one, connection by connection",
    lines: [true, true, true, false, true, false, false].flatMap((keeps, index, all) => [
      `a > connect${keeps ? " keep" : ""}`,
      `a < connack 0${keeps && all[index - 1] ? " present" : ""}`,
      "a > disconnect",
      "a < close",
    ]),
  },
  {
    title:
      "[MQTT-3.1.2-5] QoS 0 does not wait for a client that is away, QoS 1 and 2 do; what was unsubscribed does not",
    lines: (version) => [
      ...pair("@/a,q2", "@/gone,q2"),
      "s > unsubscribe #9 @/gone",
      `s < unsuback #9${version === 5 ? " 0" : ""}`,
      "s > disconnect",
      "s < close",
      "p > publish @/a=0 & publish @/a=1 q1 #1 & publish @/gone=1 q1 #2 & publish @/a=2 q2 #3",
      "p < puback #1",
      "p < puback #2",
      "p < pubrec #3",
      "s > connect keep",
      "s < connack 0 present",
      "s < publish @/a=1 q1 #x",
      "s < publish @/a=2 q2 #y",
    ],
  },
  {
    title: "[MQTT-3.1.4-3] [MQTT3-3.1.4-2] many take-overs in a row leave one owner, who has everything",
    lines: [
      ...pair("@/a,q1"),
      ...["sb", "sc", "sd", "se"].flatMap((who, index) => [
        `${who} > connect keep id=@s`,
        `${who} < connack 0 present`,
        `${["s", "sb", "sc", "sd"][index]} < refused 0x8e`,
      ]),
      "p > publish @/a=1 q1 #1",
      "p < puback #1",
      "se < publish @/a=1 q1 #x",
    ],
  },
  {
    title: "[MQTT-3.1.4-3] a clean start that takes over ends the session of the other, whose will is published",
    lines: [
      ...mourning,
      "a > connect keep will=@/w/a=gone,q1",
      "a < connack 0",
      "a > subscribe #1 @/x,q1",
      "a < suback #1 1",
      "b > connect id=@a",
      "b < connack 0",
      "a < refused 0x8e",
      "m < publish @/w/a=gone q1 #x",
      "m > publish @/x=1 q1 #1",
      "m < puback #1",
      "b < silence",
    ],
  },
  {
    title: "a session lasts as long as its last connection said: for DISCONNECT the interval it gives",
    in: [5],
    lines: [
      "a > connect keep",
      "a < connack 0",
      'a > disconnect {"sessionExpiryInterval":0}',
      "a < close",
      "a > connect keep",
      "a < connack 0",
      'a > disconnect {"sessionExpiryInterval":1}',
      "a < close",
      ...oneSecond(),
      "a > connect keep",
      "a < connack 0",
      "a > disconnect",
      "a < close",
      ...oneSecond("clock2"),
      "a > connect keep",
      "a < connack 0 present",
      'a > connect keep {"sessionExpiryInterval":1}',
      "a < refused 0x82",
      'a > connect keep {"sessionExpiryInterval":1}',
      "a < connack 0 present",
      "a cut",
      ...oneSecond("clock3"),
      "a > connect keep",
      "a < connack 0",
    ],
  },
  {
    title:
      "a message that is too old is not sent when the client comes back; one that is not, with the time it has left",
    in: [5],
    lines: [
      ...pair("@/a,q1"),
      "s > disconnect",
      "s < close",
      'p > publish @/a=short q1 #1 {"messageExpiryInterval":1} & publish @/a=long q1 #2',
      "p < puback #1",
      "p < puback #2",
      ...oneSecond(),
      "s > connect keep",
      "s < connack 0 present",
      "s < publish @/a=long q1 #x",
    ],
  },
];
