// Conversations with a broker that has other settings than its defaults.

import type { Conversation } from "./play.ts";

export interface Setting {
  readonly env: Readonly<Record<string, string>>;
  readonly conversations: readonly Conversation[];
}

export const supportsLittle: Setting = {
  env: {
    MAXIMUM_QOS: "1",
    RETAIN_AVAILABLE: "false",
    WILDCARD_AVAILABLE: "false",
    SHARED_AVAILABLE: "false",
    TOPIC_ALIAS_MAXIMUM: "0",
  },
  conversations: [
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
      title: "a shared subscription is refused, and CONNACK says so",
      lines: (version) => [
        "a > connect",
        'a < connack 0 {"sharedSubscriptionAvailable":false}',
        "a > subscribe #1 $share/g/@/a @/b",
        version === 5 ? "a < suback #1 0x9e 0" : "a < suback #1 0x80 0",
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
      title: "[MQTT3-3.8.3-2] [MQTT3-3.9.3-2] a filter with a wildcard is refused, one without is not",
      lines: (version) => [
        "a > connect",
        "a < connack 0",
        "a > subscribe #1 @/+ @/# @/a",
        version === 5 ? "a < suback #1 0xa2 0xa2 0" : "a < suback #1 0x80 0x80 0",
      ],
    },
  ],
};

export const setsTheKeepAlive: Setting = {
  env: { SERVER_KEEP_ALIVE_SECONDS: "1", RESPONSE_INFORMATION: "reply/" },
  conversations: [
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
  ],
};

const longest = 1_024;

/** A reference and information as long as they may be. */
export const hasMuchToSay: Setting = {
  env: { RESPONSE_INFORMATION: "r".repeat(longest), SERVER_REFERENCE: "s".repeat(longest) },
  conversations: [
    {
      title: "[MQTT-3.1.2-28] another server and response information are named in CONNACK",
      in: [5],
      lines: [
        'a > connect {"requestResponseInformation":true}',
        `a < connack 0 {"responseInformation":"${"r".repeat(longest)}","serverReference":"${"s".repeat(longest)}"}`,
        "b > connect",
        `b < connack 0 {"responseInformation":null,"serverReference":"${"s".repeat(longest)}"}`,
      ],
    },
    {
      title: "[MQTT-3.1.2-24] but not to a client that takes no packet of that size",
      in: [5],
      lines: [
        'a > connect {"requestResponseInformation":true,"maximumPacketSize":128}',
        'a < connack 0 {"responseInformation":null,"serverReference":null,"receiveMaximum":1024}',
        "a > subscribe #1 @/a",
        "a < suback #1 0",
      ],
    },
  ],
};

function sendsElsewhere(redirect: string, code: string): Setting {
  return {
    env: { SERVER_REDIRECT: redirect, SERVER_REFERENCE: "other.example:443" },
    conversations: [
      {
        title: `[MQTT-3.2.2-7] a broker set to ${redirect} lets nobody connect, and says where to go`,
        lines: (version) => [
          "a > connect keep will=@/w=gone",
          version === 5 ? `a < connack ${code} {"serverReference":"other.example:443"}` : "a < connack 3",
          "a < close",
        ],
      },
    ],
  };
}

export const sendsToAnotherServer = sendsElsewhere("use-another-server", "0x9c");
export const hasMoved = sendsElsewhere("server-moved", "0x9d");

export const holdsOneMessage: Setting = {
  env: { QUEUE_MESSAGES_MAX: "1", QUEUE_POLICY: "reject" },
  conversations: [
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
  ],
};

export const allowsTwoAtOnce: Setting = {
  env: { RECEIVE_MAXIMUM: "2" },
  conversations: [
    {
      title: "[MQTT-3.3.4-7] more unacknowledged messages than Receive Maximum end the connection",
      in: [5],
      lines: [
        "a > connect keep",
        'a < connack 0 {"receiveMaximum":2}',
        "a > publish @/a=1 q1 #1 & publish @/a=2 q2 #2",
        "a < puback #1",
        "a < pubrec #2",
        "a > publish @/a=3 q1 #3 & publish @/a=4",
        "a < puback #3",
        "a > publish @/a=5 q1 #5 & publish @/a=6 q1 #6 & publish @/a=7 q1 #7",
        "a < refused 0x93",
        "a > connect keep",
        "a < connack 0 present",
        "a > publish @/a=2 q2 #2 dup & publish @/a=5 q1 #5 dup",
        "a < pubrec #2",
        "a < puback #5",
      ],
    },
    {
      title: "before 5.0 there is no such maximum",
      in: [3, 4],
      lines: [
        "a > connect",
        "a < connack 0",
        "a > publish @/a=1 q1 #1 & publish @/a=2 q2 #2 & publish @/a=3 q1 #3",
        "a < puback #1",
        "a < pubrec #2",
        "a < puback #3",
      ],
    },
  ],
};
