// What the counters cost at Cloudflare's prices, before what a plan includes. Time awake, CPU and storage are not counted here.

import type { Sample } from "../api/sample.ts";

const million = 1_000_000;

/** Dollars for each one that is counted. */
const prices: Readonly<Record<string, number>> = {
  durablemq_rows_written_total: 1 / million,
  durablemq_alarms_set_total: 1 / million,
  durablemq_rows_read_total: 0.001 / million,
  durablemq_object_calls_total: 0.15 / million,
  durablemq_alarms_total: 0.15 / million,
  durablemq_socket_messages_total: 0.0075 / million,
};

export function billOf(sample: Sample): number {
  return Object.entries(prices).reduce((sum, [name, price]) => sum + sample.get(name) * price, 0);
}

const monthSeconds = 30.44 * 86_400;

/** A month that goes on as the time between two samples went. */
export function monthlyBill(from: Sample, to: Sample): number | undefined {
  const seconds = (to.atMs - from.atMs) / 1000;
  return seconds <= 0 ? undefined : ((billOf(to) - billOf(from)) / seconds) * monthSeconds;
}

export function dollars(amount: number): string {
  if (amount === 0) return "$0";
  return amount < 0.01 ? "under 1¢" : amount.toLocaleString("en", { style: "currency", currency: "USD" });
}
