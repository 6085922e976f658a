// What a trace's object is asked. Two versions of the code talk during a deploy: fields are only ever added.

import type { NumberedEvent, TraceState, TraceTotals } from "../../src/store/trace-store.ts";
import type { TraceEvent } from "../../src/trace/event.ts";

export interface TraceBatch {
  readonly events: readonly TraceEvent[];
  /** What its sender had no room for, or could not tell before. */
  readonly missed: number;
}

export interface TracePage {
  readonly events: readonly NumberedEvent[];
  /** Undefined: there is no such trace, or not any more. */
  readonly state: TraceState | undefined;
  readonly totals: TraceTotals;
}
