// The neighbour of those who send anything: subscribed, with messages waiting, retained, and half-way through QoS 2 in
// both directions. Nothing of that may change, and its own messages come in order, once, throughout.

import { letters } from "../conversations/phrases.ts";
import { Stage } from "../conversations/play.ts";
import type { Venue } from "../support/venue.ts";

const before: readonly string[] = [
  ...["p", "s", "away"].flatMap((who) => [`${who} > connect keep`, `${who} < connack 0`]),
  "s > subscribe #1 @/n/#,q2",
  "s < suback #1 2",
  "away > subscribe #1 @/away,q1",
  "away < suback #1 1",
  "away > disconnect",
  "away < close",
  ...[1, 2, 3].flatMap((count) => [
    `p > publish @/r/${count}=kept${count} q1 #1 retain`,
    "p < puback #1",
    `p > publish @/away=${count} q1 #2`,
    "p < puback #2",
  ]),
  ...["a", "b", "c"].flatMap((name, index) => [
    `p > publish @/n/${name}=1 q2 #${index + 7}`,
    `p < pubrec #${index + 7}`,
  ]),
  ...["a", "b", "c"].map((name) => `s < publish @/n/${name}=1 q2 #under${name}`),
  "s > pubrec #underb & pubrec #underc",
  "s < pubrel #underb",
  "s < pubrel #underc",
  "s > pubcomp #underc",
];

const after = [
  "p > publish @/n/a=1 q2 #7 dup",
  "p < pubrec #7",
  "p > pubrel #8",
  "p < pubcomp #8",
  "s < silence",
  "s > pubrec #undera & pubcomp #underb",
  "s < pubrel #undera",
  "s > pubcomp #undera",
  "s < silence",
  "away > connect keep",
  "away < connack 0 present",
  // Each session counts its identifiers from 1.
  ...["a", "b", "c"].map((letter, index) => `away < publish @/away=${index + 1} q1 #under${letter}`),
  "late > connect",
  "late < connack 0",
  "late > subscribe #1 @/r/+,q1",
  "late < suback #1 1",
  ...["a", "b", "c"].map((letter, index) => {
    return `late < publish @/r/${index + 1}=kept${index + 1} q1 retain #under${letter}`;
  }),
];

export class Witness {
  readonly #stage: Stage;
  #rounds = 0;

  constructor(venue: Venue) {
    this.#stage = new Stage(venue, 5);
  }

  async arrive(): Promise<void> {
    await this.#stage.play(before);
  }

  /** Its messages of this round come, and nothing else. */
  async check(): Promise<void> {
    const round = ++this.#rounds;
    const [one, two] = [`one${letters(round)}`, `two${letters(round)}`];
    await this.#stage.play([
      `p > publish @/n/d=${round} & publish @/n/d=${round} q1 #1 & publish @/n/d=${round} q2 #2`,
      "p < puback #1",
      "p < pubrec #2",
      `s < publish @/n/d=${round}`,
      `s < publish @/n/d=${round} q1 #${one}`,
      `s < publish @/n/d=${round} q2 #${two}`,
      `s > puback #${one} & pubrec #${two}`,
      `s < pubrel #${two}`,
      `s > pubcomp #${two}`,
      "p > pubrel #2",
      "p < pubcomp #2",
    ]);
  }

  async leave(): Promise<void> {
    await this.#stage.play(after);
    await this.#stage.end();
  }
}
