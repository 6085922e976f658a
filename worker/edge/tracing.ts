// What traces that follow a client id or an address hear from the edge: CONNECT, the decision about it, and the connection's end. Which
// there are stands in what this copy of the Worker knows of the control database anyway; without one this is a list that is empty.

import type { ClientRights } from "../../src/session/identity.ts";
import { shorten, type TraceEvent } from "../../src/trace/event.ts";
import { marksMax, type TraceMark } from "../../src/trace/mark.ts";
import type { AccessBook } from "../auth/book.ts";
import type { Env } from "../env.ts";
import { TraceRecorder } from "../trace/recorder.ts";
import type { Admitted } from "./doorman.ts";

interface Place {
  readonly env: Env;
  readonly book: AccessBook;
  readonly address: string;
}

export class EdgeTracing {
  readonly #place: Place;
  readonly #recorder: TraceRecorder;
  readonly #over = new Set<string>();
  /**
   * Which traces there are is being read: who is refused before anybody asks the control database may come to a copy of the Worker that
   * knows nothing of it yet. What happens meanwhile waits its turn.
   */
  #learning: Promise<void> | undefined;

  constructor(place: Place) {
    this.#place = place;
    this.#recorder = new TraceRecorder(place.env, (id) => this.#over.add(id));
  }

  /** Traces that follow the client. */
  marks(clientId: string | undefined): readonly TraceMark[] {
    const traces = this.#place.book.lastPolicy()?.traces ?? [];
    if (traces.length === 0) return [];
    const nowMs = Date.now();
    const { address } = this.#place;
    return traces
      .filter(({ kind, value }) => value === (kind === "address" ? address : clientId))
      .filter(({ id, untilMs }) => untilMs > nowMs && !this.#over.has(id))
      .map(({ id, untilMs, payload }) => ({ id, untilMs, payload }))
      .slice(-marksMax);
  }

  note(clientId: string | undefined, happening: Omit<TraceEvent, "at" | "atMs" | "clientId" | "address">): void {
    const nowMs = Date.now();
    const who = clientId === undefined || clientId === "" ? {} : { clientId: shorten(clientId) };
    const event: TraceEvent = { atMs: nowMs, at: "edge", ...who, address: this.#place.address, ...happening };
    const record = () => this.#recorder.record(this.marks(clientId), () => event);
    if (this.#learning === undefined && this.#place.book.peekPolicy(nowMs) !== undefined) return record();
    const before = this.#learning ?? this.#place.book.policy(nowMs);
    // Without the database what was known last has to do.
    const learning = before.then(record, record).then(() => {
      if (this.#learning === learning) this.#learning = undefined;
    });
    this.#learning = learning;
  }

  /** What is on its way to traces, until it has arrived. */
  async settled(): Promise<void> {
    await this.#learning;
    await this.#recorder.settled();
  }
}

/** Who was let in, and what decides about it. */
export function shownAdmission({ user, method, rights }: Admitted): Pick<TraceEvent, "user" | "detail"> {
  const who = user === undefined ? {} : { user: shorten(user) };
  return { ...who, detail: `by ${method}; ${wordsFor(rights)}` };
}

export function shownRights(rights: ClientRights): Pick<TraceEvent, "detail"> {
  return { detail: wordsFor(rights) };
}

function wordsFor({ access }: ClientRights): string {
  if (access === undefined) return "no access rule concerns it";
  return `access rules that concern it: ${access.rules.length}, otherwise ${access.otherwise}`;
}
