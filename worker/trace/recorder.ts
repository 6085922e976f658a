// Tells traces what somebody who takes part in them has seen: one call at a time to each, with everything that has come
// meanwhile. What cannot be told is counted, here and at the trace. Nobody who is traced waits for it.

import { TraceBacklog } from "../../src/trace/backlog.ts";
import type { TraceEvent } from "../../src/trace/event.ts";
import type { TraceMark } from "../../src/trace/mark.ts";
import { counters } from "../counters.ts";
import type { Env } from "../env.ts";
import { traceStub } from "../stubs.ts";

export class TraceRecorder {
  readonly #env: Env;
  readonly #over: (id: string) => void;
  readonly #backlogs = new Map<string, TraceBacklog>();
  readonly #running = new Map<string, Promise<void>>();

  /** `over` is called when a trace does not want any more. */
  constructor(env: Env, over: (id: string) => void) {
    this.#env = env;
    this.#over = over;
  }

  record(marks: readonly TraceMark[], eventFor: (mark: TraceMark) => TraceEvent): void {
    for (const mark of marks) {
      const { id } = mark;
      const backlog = this.#backlogOf(id);
      if (backlog.add(eventFor(mark))) counters.add("trace_events");
      else counters.add("trace_events_missed");
      if (!this.#running.has(id)) this.#running.set(id, this.#run(id, backlog));
    }
  }

  /** What is on its way, until it has arrived. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  #backlogOf(trace: string): TraceBacklog {
    let backlog = this.#backlogs.get(trace);
    if (backlog === undefined) {
      backlog = new TraceBacklog();
      this.#backlogs.set(trace, backlog);
    }
    return backlog;
  }

  async #run(id: string, backlog: TraceBacklog): Promise<void> {
    // What is recorded in one go is told once.
    await Promise.resolve();
    while (!backlog.isEmpty) {
      const batch = backlog.take();
      try {
        counters.add("object_calls");
        if (await traceStub(this.#env, id).add(batch)) continue;
        this.#backlogs.delete(id);
        this.#over(id);
      } catch (error) {
        console.warn(JSON.stringify({ event: "trace-unreachable", trace: id, error: `${error}` }));
        counters.add("trace_events_missed", batch.events.length);
        backlog.lost(batch.events.length + batch.missed);
      }
      break;
    }
    this.#running.delete(id);
  }
}
