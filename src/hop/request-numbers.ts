// Numbers of the messages of a request that may come again. Sessions keep how far they have come with each request longer than
// its shard remembers it, so a number says when its request was first made: one that comes after the shard has forgotten it
// is a new one to both, and one that was cut short before the shard wrote it down, and comes again a minute later, is not.
//
// A number has the minute since 1970 in its upper 26 bits, which are enough until 2097, and an index from 1 in its lower 22. Publishers
// that are clients count from 1, and do not get as far as the numbers of the year 2001.

const indexes = 2 ** 22;
const firstMinute = 2 ** 24;
const minuteMs = 60_000;

/** For so long a request is remembered from when it was first made. */
export const requestKeptMs = 86_400_000;

/** Of a request that is first made now: the number of its first message. */
export function firstNumber(nowMs: number): number {
  return Math.floor(nowMs / minuteMs) * indexes + 1;
}

/** How many messages a request can still number, repetitions of refused ones among them. */
export function numbersLeft(number: number): number {
  return (indexes - (number % indexes)) % indexes;
}

/** Whether the request that has this number was first made longer ago than it is remembered. Earlier versions did not note when. */
export function isForgotten(number: number, nowMs: number): boolean {
  const minute = minuteOf(number);
  return minute >= firstMinute && Math.floor(nowMs / minuteMs) - minute >= requestKeptMs / minuteMs;
}

/** Whether a message was taken before, by who has come as far as `cursor`; 0: nowhere. Of clients' numbers, too. */
export function isTaken(number: number, cursor: number): boolean {
  if (minuteOf(number) < firstMinute || minuteOf(cursor) < firstMinute) return number <= cursor;
  if (Math.abs(minuteOf(number) - minuteOf(cursor)) >= requestKeptMs / minuteMs) return false;
  return number % indexes <= cursor % indexes;
}

function minuteOf(number: number): number {
  return Math.floor(number / indexes);
}
