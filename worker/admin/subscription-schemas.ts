// Subscriptions as the HTTP API takes and shows them.

import * as z from "zod/mini";
import type { ReasonCode } from "../../src/protocol/reason.ts";
import { isFailure } from "../../src/protocol/reason.ts";
import { reasonText } from "../../src/protocol/reason-text.ts";
import type { SubscriptionRequest } from "../../src/session/subscribe.ts";
import { isShared, parseFilter } from "../../src/topic/share.ts";
import type { Config } from "../config.ts";
import { invalidInput } from "./problem.ts";

export const filter = z.string().check(z.minLength(1), z.maxLength(65_535));

export const newSubscription = z.strictObject({
  filter,
  qos: z._default(z.literal([0, 1, 2]), 1),
  noLocal: z._default(z.boolean(), false),
  retainAsPublished: z._default(z.boolean(), false),
  retainHandling: z
    ._default(z.literal([0, 1, 2]), 0)
    .check(z.describe("Retained messages: 0 always, 1 if the subscription is new, 2 never.")),
});

export const subscriptionList = z.array(newSubscription).check(z.maxLength(100));

export const shownSubscription = z.object({
  filter: z.string(),
  qos: z.literal([0, 1, 2]),
  noLocal: z.boolean(),
  retainAsPublished: z.boolean(),
  identifier: z.nullable(z.number()),
});

export const grantedList = z.array(
  z.object({
    filter: z.string(),
    qos: z.nullable(z.literal([0, 1, 2])).check(z.describe("Granted; null: it was refused.")),
    reason: z.string(),
  }),
);

/** What can be told from the request alone is told before anything is done. `placeOf` says where in the request each stands. */
export function checkFilters(filters: readonly string[], placeOf: (index: number) => string, config: Config): void {
  const limits = { bytesMax: 65_535, levelsMax: config.topicLevelsMax };
  const errors: { path: string; message: string }[] = [];
  for (const [index, one] of filters.entries()) {
    const problem = parseFilter(one, limits);
    if (typeof problem === "string") errors.push({ path: placeOf(index), message: `no topic filter: ${problem}` });
  }
  if (errors.length > 0) throw invalidInput(errors);
}

export function checkSubscriptions(requests: readonly SubscriptionRequest[], where: string, config: Config): void {
  const filters = requests.map((request) => request.filter);
  checkFilters(filters, (index) => `${where}.${index}.filter`, config);
  // [MQTT-3.8.3-4]
  const wrong = requests.findIndex((request) => request.noLocal && isShared(request.filter));
  if (wrong >= 0) throw invalidInput([{ path: `${where}.${wrong}.noLocal`, message: "not for a shared subscription" }]);
}

export function showGranted(filters: readonly string[], reasons: readonly ReasonCode[]): z.output<typeof grantedList> {
  return filters.map((one, index) => {
    const reason = reasons[index] as ReasonCode;
    return { filter: one, qos: isFailure(reason) ? null : (reason as 0 | 1 | 2), reason: reasonText(reason) };
  });
}
