// What a page shows comes from the broker and may not be there yet, or not any more.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "./call.ts";

export type Loaded<Value> =
  | { readonly state: "loading" }
  | { readonly state: "failed"; readonly problem: Problem }
  | { readonly state: "ready"; readonly value: Value };

export type Resource<Value> = Loaded<Value> & { readonly reload: () => void };

/**
 * Loads again when `subject` changes, on `reload`, and every so often if asked to, while the page is visible. What was there
 * stays until its successor has arrived, unless it is of another subject.
 */
export function useResource<Value>(
  subject: string,
  load: (signal: AbortSignal) => Promise<Value>,
  everyMs?: number,
): Resource<Value> {
  const [kept, setKept] = useState<{ readonly subject: string; readonly loaded: Loaded<Value> }>();
  const [round, setRound] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    let timer: number | undefined;
    const once = async () => {
      const loaded = await outcomeOf(latest.current(signal));
      if (signal.aborted) return;
      setKept({ subject, loaded });
      if (everyMs !== undefined) timer = window.setTimeout(again, everyMs);
    };
    const again = () => {
      if (document.hidden) document.addEventListener("visibilitychange", again, { once: true });
      else void once();
    };
    void once();
    return () => {
      controller.abort();
      window.clearTimeout(timer);
      document.removeEventListener("visibilitychange", again);
    };
  }, [subject, round, everyMs]);
  const reload = useCallback(() => setRound((count) => count + 1), []);
  return { ...(kept?.subject === subject ? kept.loaded : { state: "loading" }), reload };
}

async function outcomeOf<Value>(loading: Promise<Value>): Promise<Loaded<Value>> {
  try {
    return { state: "ready", value: await loading };
  } catch (error) {
    return { state: "failed", problem: asProblem(error) };
  }
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(0, `This page made a mistake: ${error}`, "Load it again. If it stays, report it.");
}
