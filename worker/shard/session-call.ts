// One delivery call from a shard to a session, and how long it is waited for.

import { isStale } from "../../src/hop/key.ts";
import type { DeliveryAnswer } from "../../src/session/deliver.ts";
import type { DeliveryCall } from "../calls.ts";
import { counters } from "../counters.ts";
import type { Env } from "../env.ts";
import { sessionStub } from "../stubs.ts";

/** A session that has not answered by then is not waited for. */
export const deadlineMs = 800;

/** `renew` gives a key above the life of this caller that the session knows, should it know a later one. */
export async function callSession(
  env: Env,
  target: string,
  call: DeliveryCall,
  renew: (known: number) => DeliveryCall["key"],
): Promise<DeliveryAnswer> {
  counters.add("object_calls");
  const answer = await sessionStub(env, target).deliver(call);
  if (!isStale(answer)) return answer;
  const again = await sessionStub(env, target).deliver({ ...call, key: renew(answer.stale) });
  if (isStale(again)) throw new Error("the session refuses the newest incarnation");
  return again;
}
