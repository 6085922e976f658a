// The broker's counters, and how they moved while this page is open.

import { Problem } from "./call.ts";
import { Sample } from "./sample.ts";
import { keptKey } from "./session.ts";

const samplesMax = 400;
let samples: readonly Sample[] = [];

/** Reads the counters once more; returns all samples of this tab, the oldest first. */
export async function sampleMetrics(signal: AbortSignal): Promise<readonly Sample[]> {
  const answer = await fetch("metrics", {
    headers: { Authorization: `Bearer ${keptKey()}` },
    cache: "no-store",
    signal,
  });
  if (!answer.ok) throw new Problem(answer.status, "The broker does not show its counters.", "Try again in a moment.");
  const sample = new Sample(Date.now(), await answer.text());
  const previous = samples.at(-1);
  // A new copy of the Worker begins at nothing.
  const isAnother = previous !== undefined && sample.get(activity) < previous.get(activity);
  samples = [...(isAnother ? [] : samples), sample].slice(-samplesMax);
  return samples;
}

const activity = "durablemq_object_calls_total";
