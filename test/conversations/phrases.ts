// Lines that many conversations begin with, and words for what differs between versions.

/** The publisher is p, the subscriber s; s keeps its session. */
export const pair = (...filters: readonly string[]): string[] => [
  "p > connect",
  "p < connack 0",
  "s > connect keep",
  "s < connack 0",
  ...filters.flatMap((filter, index) => [
    `s > subscribe #${index + 1} ${filter}`,
    `s < suback #${index + 1} ${/q([0-2])/.exec(filter)?.[1] ?? 0}`,
  ]),
];

/** The mourner is m. */
export const mourning: readonly string[] = [
  "m > connect",
  "m < connack 0",
  "m > subscribe #1 @/w/+,q2",
  "m < suback #1 2",
];

/** One second passes: the time until a delayed will comes. Each time needs a name of its own. */
export const oneSecond = (clock = "clock"): string[] => [
  `${clock} > connect`,
  `${clock} < connack 0`,
  `${clock} > subscribe #1 @${clock}`,
  `${clock} < suback #1 0`,
  `${clock}hand > connect keep will=@${clock}=rings {"will":{"willDelayInterval":1}}`,
  `${clock}hand < connack 0`,
  `${clock}hand cut`,
  `${clock} < publish @${clock}=rings`,
];

/** Unsubscribing as 5.0 tells it, and as 3.x does not. */
export const unsuback = (version: number, id: number, codes: string): string =>
  `s < unsuback #${id}${version === 5 ? ` ${codes}` : ""}`;

export const numbers = Array.from({ length: 40 }, (_unused, index) => index + 1);

/** 1 is a, 27 is aa: names for identifiers that the broker chooses. */
export function letters(number: number): string {
  const last = String.fromCharCode(97 + ((number - 1) % 26));
  return number > 26 ? letters(Math.floor((number - 1) / 26)) + last : last;
}

/** The end of a connection, and the next one to the same session, under the name of who speaks from then on. */
export interface Ending {
  readonly how: string;
  readonly next: (who: string) => string;
  readonly lines: (who: string) => readonly string[];
}

const back = (who: string): string[] => [`${who} > connect keep`, `${who} < connack 0 present`];

export const networkFails: Ending = {
  how: "the network fails",
  next: (who) => who,
  lines: (who) => [`${who} cut`, ...back(who)],
};

export const disconnects: Ending = {
  how: "it disconnects",
  next: (who) => who,
  lines: (who) => [`${who} > disconnect`, `${who} < close`, ...back(who)],
};

/** A client's name is that of its session, and what it is called from then on begins with it. */
export const isTakenOver: Ending = {
  how: "another connection takes over",
  next: (who) => `${who}${who[0]}`,
  lines: (who) => [
    `${who}${who[0]} > connect keep id=@${who[0]}`,
    `${who}${who[0]} < connack 0 present`,
    `${who} < refused 0x8e`,
  ],
};
