// Exchanges of QoS 1 and 2 with the connection ended after each of their packets, in both directions and in each way in
// which a connection can end, and taken up again on the next one.

import { disconnects, type Ending, isTakenOver, networkFails, pair } from "./phrases.ts";
import type { Conversation } from "./play.ts";

/** Ends the connection of the one who is speaking, as often as asked. */
class Exchange {
  readonly lines: string[];
  readonly #ending: Ending;
  #who: string;

  constructor(ending: Ending, who: string, ...begins: readonly string[]) {
    this.#ending = ending;
    this.#who = who;
    this.lines = [...begins];
  }

  /** `_` stands for the one who is speaking. */
  goesOn(...lines: readonly string[]): this {
    this.lines.push(...lines.map((line) => line.replace(/^_/, this.#who)));
    return this;
  }

  ends(): this {
    this.lines.push(...this.#ending.lines(this.#who));
    this.#who = this.#ending.next(this.#who);
    return this;
  }
}

/** What the subscriber has done of an exchange, and what it has to do on the next connection. */
interface Point {
  readonly after: string;
  readonly before: readonly string[];
  readonly again: readonly string[];
  readonly rest: readonly string[];
}

const outgoingOne: readonly Point[] = [
  {
    after: "PUBLISH",
    before: ["_ < publish @/a=1 q1 #x"],
    again: ["_ < publish @/a=1 q1 dup #x"],
    rest: ["_ > puback #x"],
  },
  { after: "PUBACK", before: ["_ < publish @/a=1 q1 #x", "_ > puback #x", "_ < silence"], again: [], rest: [] },
];

const outgoingTwo: readonly Point[] = [
  {
    after: "PUBLISH",
    before: ["_ < publish @/a=1 q2 #x"],
    again: ["_ < publish @/a=1 q2 dup #x"],
    rest: ["_ > pubrec #x", "_ < pubrel #x", "_ > pubcomp #x"],
  },
  {
    after: "PUBREC",
    before: ["_ < publish @/a=1 q2 #x", "_ > pubrec #x", "_ < pubrel #x"],
    again: ["_ < pubrel #x"],
    rest: ["_ > pubcomp #x"],
  },
  {
    after: "PUBCOMP",
    before: ["_ < publish @/a=1 q2 #x", "_ > pubrec #x", "_ < pubrel #x", "_ > pubcomp #x", "_ < silence"],
    again: [],
    rest: [],
  },
];

const publishes = (qos: 1 | 2): string[] =>
  qos === 1
    ? ["p > publish @/a=1 q1 #1", "p < puback #1"]
    : ["p > publish @/a=1 q2 #1", "p < pubrec #1", "p > pubrel #1", "p < pubcomp #1"];

function toSubscriber(qos: 1 | 2, points: readonly Point[], ending: Ending): Conversation[] {
  return points.map(({ after, before, again, rest }) => ({
    title: `[MQTT-4.4.0-1] [MQTT3-4.4.0-1] QoS ${qos} to a subscriber: ${ending.how} after ${after}, twice`,
    lines: new Exchange(ending, "s", ...pair(`@/a,q${qos}`), ...publishes(qos))
      .goesOn(...before)
      .ends()
      .goesOn(...again)
      .ends()
      .goesOn(...again, ...rest)
      .goesOn("_ < silence")
      .ends()
      .goesOn("_ < silence").lines,
  }));
}

/** What the publisher has done, and what it has to do on the next connection; the subscriber has it once. */
interface SendingPoint {
  readonly after: string;
  readonly before: readonly string[];
  /** Whether the subscriber has the message before the connection ends. */
  readonly arrived: boolean;
  readonly again: (version: number) => readonly string[];
  /** A half packet in front of a DISCONNECT would not be one. */
  readonly endings?: readonly Ending[];
}

const abrupt = [networkFails, isTakenOver];
const release = ["_ > pubrel #5", "_ < pubcomp #5"];
const publishAgain = ["_ > publish @/a=1 q2 #5 dup", "_ < pubrec #5"];
const published = ["_ > publish @/a=1 q2 #5", "_ < pubrec #5"];

const incomingTwo: readonly SendingPoint[] = [
  {
    after: "half of PUBLISH",
    before: ["_ > half publish @/a=1 q2 #5"],
    arrived: false,
    again: () => [...publishAgain, "s < publish @/a=1 q1 #x", ...release],
    endings: abrupt,
  },
  { after: "PUBLISH, its PUBREC lost", before: published, arrived: true, again: () => [...publishAgain, ...release] },
  { after: "PUBREC", before: published, arrived: true, again: () => release },
  {
    after: "half of PUBREL",
    before: [...published, "_ > half pubrel #5"],
    arrived: true,
    again: () => release,
    endings: abrupt,
  },
  {
    after: "PUBREL, its PUBCOMP lost",
    before: [...published, ...release],
    arrived: true,
    again: (version) => ["_ > pubrel #5", version === 5 ? "_ < pubcomp #5 0x92" : "_ < pubcomp #5"],
  },
];

function fromPublisher(ending: Ending): Conversation[] {
  return incomingTwo
    .filter(({ endings = [ending] }) => endings.includes(ending))
    .map(({ after, before, arrived, again }) => ({
      title: `[MQTT-4.3.3-10] [MQTT3-4.3.3-2] QoS 2 from a publisher: ${ending.how} after ${after}`,
      lines: (version) =>
        new Exchange(ending, "p", ...pair("@/a,q1"), "p > disconnect", "p < close", "p > connect keep", "p < connack 0")
          .goesOn(...before, ...(arrived ? ["s < publish @/a=1 q1 #x"] : []))
          .ends()
          .goesOn(...again(version))
          // The identifier is free for another message.
          .goesOn("_ > publish @/a=2 q2 #5", "_ < pubrec #5", "s < publish @/a=2 q1 #y", ...release).lines,
    }));
}

const endings = [networkFails, disconnects, isTakenOver];

export const interrupted: readonly Conversation[] = endings.flatMap((ending) => [
  ...toSubscriber(1, outgoingOne, ending),
  ...toSubscriber(2, outgoingTwo, ending),
  ...fromPublisher(ending),
]);

export const forgotten: readonly Conversation[] = [
  {
    title: "[MQTT-3.1.2-4] [MQTT3-3.1.2-6] a clean start forgets what was under way, in both directions",
    lines: (version) => [
      ...pair("@/a,q2"),
      "p > publish @/a=1 q1 #1 & publish @/a=2 q2 #2",
      "p < puback #1",
      "p < pubrec #2",
      "s < publish @/a=1 q1 #x",
      "s < publish @/a=2 q2 #y",
      "s > pubrec #y",
      "s < pubrel #y",
      "s > publish @/b=1 q2 #7",
      "s < pubrec #7",
      "s cut",
      "s > connect",
      "s < connack 0",
      "s < silence",
      "s > pubrel #7",
      `s < pubcomp #7${version === 5 ? " 0x92" : ""}`,
      "p > subscribe #1 @/b,q1",
      "p < suback #1 1",
      "s > publish @/b=new q2 #7 dup",
      "s < pubrec #7",
      "p < publish @/b=new q1 #x",
    ],
  },
  {
    title: "an acknowledgement that nobody waits for changes nothing",
    lines: (version) => [
      ...pair("@/a,q2"),
      "p > publish @/a=1 q2 #2",
      "p < pubrec #2",
      "s < publish @/a=1 q2 #x",
      "s > puback #x & pubcomp #x & puback #999 & pubcomp #999",
      "s < silence",
      "s > pubrec #999",
      `s < pubrel #999${version === 5 ? " 0x92" : ""}`,
      "s > pubrec #x & pubrec #x",
      "s < pubrel #x",
      "s < pubrel #x",
      "s > pubcomp #x & pubcomp #x",
      "s < silence",
    ],
  },
];
