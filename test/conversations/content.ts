// What a deployment decides about content: whether strings may hold control characters, and whether a payload that is said
// to be UTF-8 has to be.

import { pair } from "./phrases.ts";
import type { Conversation } from "./play.ts";
import type { Setting } from "./settings.ts";

const text = '{"payloadFormatIndicator":true}';
const bytes = '{"payloadFormatIndicator":false}';
const noText = "0xc328";

export const payloads: readonly Conversation[] = [
  {
    title: "a payload that is said to be UTF-8 and is not is refused with 0x99, and the connection goes on",
    in: [5],
    lines: [
      ...pair("@/a,q2"),
      `p > publish @/a=${noText} q1 #1 ${text}`,
      "p < puback #1 0x99",
      `p > publish @/a=${noText} q2 #2 ${text}`,
      "p < pubrec #2 0x99",
      "p > pubrel #2",
      "p < pubcomp #2 0x92",
      `p > publish @/a=${noText} ${text}`,
      `p > publish @/a=good q2 #2 ${text}`,
      "p < pubrec #2",
      `s < publish @/a=good q2 #x ${text}`,
      "p > pubrel #2",
      "p < pubcomp #2",
      "s > pubrec #x",
      "s < pubrel #x",
      "s > pubcomp #x",
    ],
  },
  {
    title: "[MQTT-4.6.0-2] [MQTT-4.6.0-3] its refusal keeps its place among the acknowledgements",
    in: [5],
    lines: [
      "p > connect",
      "p < connack 0",
      `p > publish @/a=1 q1 #1 & publish @/b=${noText} q2 #2 ${text} & publish @/c=3 q1 #3`,
      "p < puback #1",
      "p < pubrec #2 0x99",
      "p < puback #3",
    ],
  },
  {
    title: "[MQTT-3.3.2-4] bytes may be anything, and what nobody calls text too",
    in: [5],
    lines: [
      ...pair("@/a"),
      `p > publish @/a=${noText} ${bytes}`,
      `s < publish @/a=${noText} ${bytes}`,
      `p > publish @/a=${noText}`,
      `s < publish @/a=${noText}`,
    ],
  },
  {
    title: "a retained message is not replaced by one that is refused",
    in: [5],
    lines: [
      "p > connect",
      "p < connack 0",
      `p > publish @/a=before q1 #1 retain ${text}`,
      "p < puback #1",
      `p > publish @/a=${noText} q1 #2 retain ${text}`,
      "p < puback #2 0x99",
      "s > connect",
      "s < connack 0",
      "s > subscribe #1 @/a",
      "s < suback #1 0",
      `s < publish @/a=before retain ${text}`,
      "p > publish @/a= q1 #3 retain",
      "p < puback #3",
      "s < publish @/a=",
    ],
  },
  {
    title: "[MQTT-3.2.2-7] a will whose payload is said to be UTF-8 and is not is refused, and the connection closed",
    in: [5],
    lines: [
      `a > connect will=@/w=${noText} {"will":${text}}`,
      "a < connack 0x99",
      "a < close",
      `a > connect will=@/w=${noText} {"will":${bytes}}`,
      "a < connack 0",
    ],
  },
  {
    title: "[MQTT-3.3.2-3] [MQTT3-3.3.2-3] topics with control characters and non-characters are topics like any other",
    lines: [
      ...pair("@/a\u0001b/+", "@/\u0001/#", "@/\u0002", "@/\u007f\u009f\uffff"),
      ...["@/a\u0001b/\u0002", "@/\u0001", "@/\u0001/\u0001\u0001", "@/\u0002", "@/\u007f\u009f\uffff"].flatMap(
        (topic, index) => [`p > publish ${topic}=${index} q1 #1`, "p < puback #1", `s < publish ${topic}=${index}`],
      ),
      // None is a separator, none is a wildcard, and none is dropped.
      ...["@/a/b/c", "@/a\u0002b/c", "@/ab/c", "@/\u0001\u0001", "@/\u0002\u0001", "@/\u007f\uffff", "@/"].flatMap(
        (topic) => [`p > publish ${topic}=no q1 #1`, "p < puback #1"],
      ),
      "s < silence",
    ],
  },
  {
    title: "[MQTT-3.3.1-9] [MQTT3-3.3.1-6] what is retained under such a topic is found",
    lines: [
      "p > connect",
      "p < connack 0",
      ...["@/r/\u0001\u0002", "@/r/\u0001", "@/r/\u0002/\u0001", "@/r\u0001x"].flatMap((topic) => [
        `p > publish ${topic}=${topic} q1 #1 retain`,
        "p < puback #1",
      ]),
      "s > connect",
      "s < connack 0",
      "s > subscribe #1 @/r/\u0002/+",
      "s < suback #1 0",
      "s < publish @/r/\u0002/\u0001=@/r/\u0002/\u0001 retain",
      "s > subscribe #2 @/r/\u0001\u0002",
      "s < suback #2 0",
      "s < publish @/r/\u0001\u0002=@/r/\u0001\u0002 retain",
      "s > subscribe #3 @/r/+",
      "s < suback #3 0",
      "s < publish @/r/\u0001=@/r/\u0001 retain",
      "s < publish @/r/\u0001\u0002=@/r/\u0001\u0002 retain",
    ],
  },
];

const bad = "a\u0001b";
const reasonString = `{"reasonString":"${bad.replace("\u0001", "\\u0001")}"}`;
const userProperties = `{"userProperties":{"name":"${bad.replace("\u0001", "\\u0001")}"}}`;

/** Where a client's string can stand: `who > what it says`, once it is connected. */
const placesConnected: readonly (readonly [what: string, versions: readonly (3 | 4 | 5)[], says: string])[] = [
  ["a topic", [3, 4, 5], `publish @/${bad}=1`],
  ["a topic filter", [3, 4, 5], `subscribe #1 @/${bad}`],
  ["a filter to be unsubscribed", [3, 4, 5], `unsubscribe #1 @/${bad}`],
  ["a content type", [5], `publish @/a=1 {"contentType":"a\\u0001b"}`],
  ["a response topic", [5], `publish @/a=1 {"responseTopic":"a\\u0001b"}`],
  ["a user property of PUBLISH", [5], `publish @/a=1 ${userProperties}`],
  ["a user property of SUBSCRIBE", [5], `subscribe #1 @/a ${userProperties}`],
  ["a reason string of PUBACK", [5], `puback #1 0x80 ${reasonString}`],
  ["a user property of PUBREC", [5], `pubrec #1 0x80 ${userProperties}`],
  ["a reason string of PUBREL", [5], `pubrel #1 0x92 ${reasonString}`],
  ["a reason string of PUBCOMP", [5], `pubcomp #1 0x92 ${reasonString}`],
  ["a reason string of DISCONNECT", [5], `disconnect 0x04 ${reasonString}`],
];

/** The same in CONNECT. */
const placesConnecting: readonly (readonly [what: string, versions: readonly (3 | 4 | 5)[], says: string])[] = [
  ["a client id", [3, 4, 5], `connect id=@${bad}`],
  ["a user name", [3, 4, 5], `connect user=${bad}`],
  ["a will topic", [3, 4, 5], `connect will=@/${bad}=1`],
  ["a will's content type", [5], `connect will=@/a=1 {"will":{"contentType":"a\\u0001b"}}`],
  ["a will's response topic", [5], `connect will=@/a=1 {"will":{"responseTopic":"a\\u0001b"}}`],
  ["a will's user property", [5], `connect will=@/a=1 {"will":${userProperties}}`],
  ["a user property of CONNECT", [5], `connect ${userProperties}`],
];

export const refusesControlCharacters: Setting = {
  env: { CONTROL_CHARACTERS: "refuse" },
  conversations: [
    ...placesConnected.map(([what, versions, says]) => ({
      title: `a control character in ${what} ends the connection as malformed`,
      in: versions,
      lines: ["a > connect", "a < connack 0", `a > ${says}`, "a < refused 0x81"],
    })),
    ...placesConnecting.map(([what, versions, says]) => ({
      title: `a control character in ${what} is refused before anybody is connected`,
      in: versions,
      lines: (version: number) => [`a > ${says}`, ...(version === 5 ? ["a < connack 0x81"] : []), "a < close"],
    })),
    {
      title: "other characters pass, and payloads are nobody's business",
      lines: [...pair("@/größe/😀"), "p > publish @/größe/😀=\u0001\u007f", "s < publish @/größe/😀=\u0001\u007f"],
    },
  ],
};

export const trustsPayloads: Setting = {
  env: { PAYLOAD_FORMAT_VALIDATED: "false" },
  conversations: [
    {
      title: "[MQTT-3.3.2-4] a payload that is said to be UTF-8 is passed on as it is",
      in: [5],
      lines: [...pair("@/a"), `p > publish @/a=${noText} ${text}`, `s < publish @/a=${noText} ${text}`],
    },
    {
      title: "and so is a will's",
      in: [5],
      lines: [
        ...pair("@/w"),
        `a > connect will=@/w=${noText} {"will":${text}}`,
        "a < connack 0",
        "a cut",
        `s < publish @/w=${noText} ${text}`,
      ],
    },
  ],
};
