// The broker's counters, and how they moved while this page is open.

import { ask } from "./call.ts";
import { Sample } from "./sample.ts";

const samplesMax = 400;
let samples: readonly Sample[] = [];

/** Reads the counters once more; returns all samples of this tab, the oldest first. */
export async function sampleMetrics(signal: AbortSignal): Promise<readonly Sample[]> {
  const answer = await ask("GET", "metrics", undefined, { signal });
  const sample = new Sample(Date.now(), await answer.text());
  const previous = samples.at(-1);
  // A new copy of the Worker begins at nothing.
  const isAnother = previous !== undefined && sample.get(activity) < previous.get(activity);
  samples = [...(isAnother ? [] : samples), sample].slice(-samplesMax);
  return samples;
}

const activity = "durablemq_object_calls_total";
