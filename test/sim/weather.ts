// How rough a world is. Each world draws its own weather, in which any kind of fault may be absent: faults that happen
// together all the time hide what one of them alone would show.

import type { Random } from "./random.ts";

export interface Weather {
  /** Of each turn of an object: that it is the last of that life. */
  readonly reset: number;
  /** Of each write: that the storage fails. */
  readonly storageFailure: number;
  /** The longest time from a write to its commit. */
  readonly commitMsMax: number;
  /** Of each call: that it gets lost on its way, so that only its caller hears of it. */
  readonly callLost: number;
  /** That it runs, sooner or later, and its answer gets lost. */
  readonly callUnanswered: number;
  /** That it runs twice. */
  readonly callDoubled: number;
  /** That it is turned away. */
  readonly callOverloaded: number;
  /** Of each way between two objects, or an object and a client: that it is slow, and how slow at most. */
  readonly slow: number;
  readonly slowMsMax: number;
  /** Calls that one object may have under way; others wait. */
  readonly callsAtOnce: number;
  /** How late a call may run that its caller has given up, or a second time; 0: it does not outlive them. */
  readonly lateMsMax: number;
  /** How far the clock of one life of an object may be off, in either direction. */
  readonly clockSkewMsMax: number;
  /** Mean time between faults that come by themselves; 0: they do not. */
  readonly evictionEveryMs: number;
  readonly resetEveryMs: number;
  readonly killEveryMs: number;
}

export const calm: Weather = {
  reset: 0,
  storageFailure: 0,
  commitMsMax: 2,
  callLost: 0,
  callUnanswered: 0,
  callDoubled: 0,
  callOverloaded: 0,
  slow: 0,
  slowMsMax: 0,
  callsAtOnce: Number.POSITIVE_INFINITY,
  lateMsMax: 0,
  clockSkewMsMax: 0,
  evictionEveryMs: 0,
  resetEveryMs: 0,
  killEveryMs: 0,
};

/** `harsh`: beyond what the broker withstands so far; see docs/reliability.md. */
export function drawWeather(random: Random, harsh: boolean): Weather {
  const maybe = (smallest: number, largest: number, from = random) => {
    return from.chance(0.5) ? from.spread(smallest, largest) : 0;
  };
  return {
    reset: maybe(0.0005, 0.03),
    storageFailure: random.chance(0.2) ? random.spread(0.0005, 0.005) : 0,
    commitMsMax: random.pick([0, 3, 30]),
    callLost: maybe(0.002, 0.1),
    callUnanswered: maybe(0.002, 0.1),
    callDoubled: maybe(0.002, 0.1),
    callOverloaded: random.chance(0.2) ? random.spread(0.001, 0.01) : 0,
    slow: maybe(0.002, 0.1),
    slowMsMax: random.spread(100, 5_000),
    callsAtOnce: random.pick([6, Number.POSITIVE_INFINITY]),
    lateMsMax: harsh ? maybe(10, 3_000, random.branch("late")) : 0,
    clockSkewMsMax: maybe(10, 3_000, random.branch("clocks")),
    evictionEveryMs: maybe(20, 3_000),
    resetEveryMs: maybe(300, 5_000),
    killEveryMs: random.chance(0.2) ? random.spread(1_000, 10_000) : 0,
  };
}
