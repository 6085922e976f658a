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

/** One second passes: the time until a delayed will comes. */
export const oneSecond: readonly string[] = [
  "clock > connect",
  "clock < connack 0",
  "clock > subscribe #1 @clock",
  "clock < suback #1 0",
  'hand > connect keep will=@clock=rings {"will":{"willDelayInterval":1}}',
  "hand < connack 0",
  "hand cut",
  "clock < publish @clock=rings",
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
