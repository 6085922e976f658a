// What the broker estimates to have cost so far, and what a month at the present rate would.

import type { Sample } from "../api/sample.ts";

const monthSeconds = 30.44 * 86_400;

export function billOf(sample: Sample): number {
  return sample.get("durablemq_estimated_dollars_total");
}

/** A month that goes on as the time between two samples went. */
export function monthlyBill(from: Sample, to: Sample): number | undefined {
  const seconds = (to.atMs - from.atMs) / 1000;
  return seconds <= 0 ? undefined : ((billOf(to) - billOf(from)) / seconds) * monthSeconds;
}

export function dollars(amount: number): string {
  if (amount === 0) return "$0";
  return amount < 0.01 ? "under 1¢" : amount.toLocaleString("en", { style: "currency", currency: "USD" });
}
