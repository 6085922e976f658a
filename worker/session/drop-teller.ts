// What a session dropped, for the webhooks that want to hear of it: at once, and then no more often than every ten seconds, as a
// sum for each reason. Sums are made from the session's own rows, which also say how much was told: so nothing is missed, whatever the
// object forgets. A session that ends with its connection has no rows: what it dropped last may go untold with it.

import type { BrokerEvent } from "../../src/directory/events.ts";
import { clientIdOf } from "../../src/directory/listing.ts";
import type { Report } from "../../src/session/effects.ts";
import type { Session } from "../../src/session/state.ts";
import type { SessionStore } from "../../src/store/session-store.ts";
import { counters } from "../counters.ts";
import type { Env } from "../env.ts";
import { isDenial } from "../gate/refusals.ts";
import { newIncarnation } from "../incarnation.ts";
import { webhookSessionPrefix } from "../names.ts";
import { withRetries } from "../retry.ts";
import { directoryStub } from "../stubs.ts";
import { eventBook } from "../webhook/book.ts";

const intervalMs = 10_000;

interface Pending {
  count: number;
  readonly detail: string;
}

export class DropTeller {
  readonly #env: Env;
  readonly #store: SessionStore;
  readonly #failed: () => void;
  readonly #life = newIncarnation().toString(36);
  #sequence = 0;
  #pending = new Map<string, Pending>();
  #toldAtMs = 0;
  #running: Promise<void> | undefined;

  /** `failed` is called when it wants to be woken, to try again. */
  constructor(env: Env, store: SessionStore, failed: () => void) {
    this.#env = env;
    this.#failed = failed;
    this.#store = store;
  }

  /** After they were added up in the rows. */
  note(reports: readonly Report[], session: Session, nowMs: number): void {
    if (session.name.startsWith(webhookSessionPrefix)) return;
    // What rules deny is told as that.
    for (const { reason, count, detail } of reports.filter((one) => one.event === "drop" && !isDenial(one.reason))) {
      const pending = this.#pending.get(reason);
      if (pending === undefined) this.#pending.set(reason, { count, detail });
      else pending.count += count;
    }
    this.#start(session, nowMs);
  }

  /** The alarm rang: something may have been left, also by a life before this. */
  remind(session: Session, nowMs: number): void {
    if (session.record !== undefined) {
      const told = this.#store.told.read();
      for (const [reason, count] of told.size === 0 ? [] : this.#store.drops()) {
        const untold = count - (told.get(reason) ?? 0);
        if (untold > 0 && !this.#pending.has(reason)) this.#pending.set(reason, { count: untold, detail: "" });
      }
    }
    this.#start(session, nowMs);
  }

  /** When the object has to wake for it. */
  wakeAtMs(): number | undefined {
    return this.#pending.size > 0 && this.#toldAtMs > 0 ? this.#toldAtMs + intervalMs : undefined;
  }

  /** What was set in motion, until it comes to rest. */
  async started(): Promise<void> {
    await this.#running;
  }

  #start(session: Session, nowMs: number): void {
    if (this.#pending.size === 0 || this.#running !== undefined || nowMs < this.#toldAtMs + intervalMs) return;
    this.#running = this.#run(session, nowMs).finally(() => {
      this.#running = undefined;
    });
  }

  async #run(session: Session, nowMs: number): Promise<void> {
    // What a handler does in one go is told once.
    await Promise.resolve();
    const isWanted = await eventBook(this.#env).wants("message.dropped", nowMs);
    const pending = this.#pending;
    this.#pending = new Map();
    if (!isWanted) return;
    this.#toldAtMs = nowMs;
    const { name, record, connection } = session;
    const totals = record === undefined ? new Map<string, number>() : this.#store.drops();
    const told = record === undefined ? new Map<string, number>() : this.#store.told.read();
    const client = { clientId: record?.clientId ?? clientIdOf({ clientId: undefined, name }) ?? null };
    const user = record?.username ?? connection?.username ?? null;
    const events = Array.from(pending, ([reason, { count, detail }]): BrokerEvent => {
      const total = totals.get(reason) ?? null;
      const before = told.get(reason);
      const since = total === null || before === undefined ? count : total - before;
      const data = { ...client, user, reason, count: since, total, detail };
      return { id: `${this.#life}-${++this.#sequence}`, type: "message.dropped", atMs: nowMs, data };
    });
    try {
      await withRetries(async () => {
        counters.add("directory_calls");
        return directoryStub(this.#env, name).note(events);
      });
      // One that has ended meanwhile leaves no rows, unless its client's next session counts on in them.
      if (record !== undefined && session.record !== undefined)
        this.#store.told.write(new Map([...told, ...pickedFrom(totals, pending)]));
    } catch (error) {
      console.warn(JSON.stringify({ event: "drops-untold", session: name, error: `${error}` }));
      if (record === undefined) counters.addFor("events_missed", "unreachable", events.length);
      else for (const [reason, one] of pending) if (!this.#pending.has(reason)) this.#pending.set(reason, one);
      this.#failed();
    }
  }
}

function pickedFrom(totals: ReadonlyMap<string, number>, reasons: ReadonlyMap<string, unknown>): [string, number][] {
  return [...totals].filter(([reason]) => reasons.has(reason));
}
