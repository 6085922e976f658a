// How a call to another object is repeated. After a reset its stub is broken for good, so each attempt asks for a new
// one; what is overloaded is left alone.

import { counters } from "./counters.ts";

const attemptsMax = 5;
const firstPauseMs = 50;

/** `call` gets the number of the attempt, from 0. Throws what the last attempt threw. */
export async function withRetries<Result>(call: (attempt: number) => Promise<Result>): Promise<Result> {
  for (let attempt = 0; ; attempt++) {
    try {
      counters.add("object_calls");
      return await call(attempt);
    } catch (error) {
      if (attempt + 1 >= attemptsMax || isOverloaded(error)) throw error;
      counters.add("call_retries");
      await scheduler.wait(firstPauseMs * 3 ** attempt);
    }
  }
}

export function isOverloaded(error: unknown): boolean {
  return (error as { overloaded?: boolean } | undefined)?.overloaded === true;
}
