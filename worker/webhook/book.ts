// Which events any webhook wants, as this copy of the Worker knows it: for who would have to call somebody to tell of them.

import type { EventType } from "../../src/directory/event-types.ts";
import { Cache } from "../auth/cache.ts";
import { configOf } from "../config.ts";
import { Control, revisionQuery } from "../d1/control.ts";
import { wantedEventsQuery } from "../d1/webhooks.ts";
import type { Env } from "../env.ts";

interface Wanted {
  readonly revision: number;
  readonly types: ReadonlySet<EventType>;
}

/** There is one answer. */
const key = "";

export class EventBook {
  readonly #wanted: Cache<Wanted>;

  constructor(control: Control, maxAgeMs: number) {
    this.#wanted = new Cache(() => readWanted(control), { maxAgeMs, entriesMax: 1 });
  }

  /** A webhook has changed: this copy of the Worker, at least, knows at once. */
  outdate(revision: number): void {
    this.#wanted.outdate(key, revision);
  }

  /** Where nobody knows, it is told: whoever hears of it knows. */
  async wants(type: EventType, nowMs: number): Promise<boolean> {
    try {
      return (await this.#wanted.get(key, nowMs)).types.has(type);
    } catch {
      return true;
    }
  }
}

async function readWanted(control: Control): Promise<Wanted> {
  const [revision = [], rows = []] = await control.read([control.statement(revisionQuery), wantedEventsQuery(control)]);
  const types = rows.flatMap((row) => JSON.parse(row["events"] as string) as EventType[]);
  return { revision: (revision[0]?.["number"] as number | undefined) ?? 0, types: new Set(types) };
}

let known: EventBook | undefined;

export function eventBook(env: Env): EventBook {
  known ??= new EventBook(new Control(env.CONTROL), configOf(env).accessCacheMs);
  return known;
}
