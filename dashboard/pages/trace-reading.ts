// A trace as it is read: what was recorded before, then what is recorded as it happens, until it ends.

import { useCallback, useEffect, useState } from "preact/hooks";
import type { Problem } from "../api/call.ts";
import { readEvents } from "../api/events.ts";
import { asProblem } from "../api/resource.ts";
import type { TraceEvent } from "../api/types.ts";

const retryMs = 2_000;

export interface Reading {
  readonly state: "reading" | "interrupted" | "over" | "failed";
  /** In the order in which they were heard of. */
  readonly events: readonly TraceEvent[];
  /** Of one that is over. */
  readonly why?: string;
  /** Of one that failed. */
  readonly problem?: Problem;
}

const beginning: Reading = { state: "reading", events: [] };

/** What breaks off is gone on with behind the last event that came; what is refused stays so until it is asked for again. */
export function useTraceReading(id: string): { readonly reading: Reading; readonly again: () => void } {
  const [reading, setReading] = useState(beginning);
  const [round, setRound] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    let last = 0;
    const readOnce = async () => {
      const address = `api/v1/traces/${encodeURIComponent(id)}/live?after=${last}`;
      for await (const batch of readEvents(address, signal)) {
        const events = batch.filter(({ name }) => name === "message").map(({ data }) => data as TraceEvent);
        last = events.at(-1)?.number ?? last;
        setReading((before) => ({ state: "reading", events: [...before.events, ...events] }));
        const end = batch.find(({ name }) => name === "end")?.data as { readonly why: string } | undefined;
        if (end !== undefined && end.why !== "unreachable") return end.why;
      }
      return undefined;
    };
    const read = async () => {
      while (!signal.aborted) {
        try {
          const why = await readOnce();
          if (why !== undefined) return setReading(({ events }) => ({ state: "over", events, why }));
        } catch (error) {
          if (signal.aborted) return;
          const problem = asProblem(error);
          if (problem.status >= 400 && problem.status < 500) {
            return setReading(({ events }) => ({ state: "failed", events, problem }));
          }
        }
        if (!signal.aborted) setReading(({ events }) => ({ state: "interrupted", events }));
        await new Promise((resolve) => window.setTimeout(resolve, retryMs));
      }
    };
    setReading(beginning);
    void read();
    return () => controller.abort();
  }, [id, round]);
  const again = useCallback(() => setRound((count) => count + 1), []);
  return { reading, again };
}
