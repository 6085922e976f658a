// The counters of this running copy of the Worker: the edge and all objects that share its isolate add to them.

import { Counters } from "../src/metrics/counters.ts";
import type { Report } from "../src/session/effects.ts";

export const counters = new Counters();

/** Counts what was dropped or refused and logs it, one JSON line for each reason. */
export function report(reports: readonly Report[], who: string): void {
  for (const { event, reason, count, detail } of reports) {
    counters.addFor(event === "drop" ? "drops" : "refusals", reason, count);
    console.warn(JSON.stringify({ event, reason, count, who, detail }));
  }
}
