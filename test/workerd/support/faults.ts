// What can go wrong with an object, done to it on purpose.

import { evictAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { ObjectSql } from "../../../worker/sql.ts";
import { eventually } from "../../support/eventually.ts";
import { countOf } from "./bill.ts";
import type { Client } from "./client.ts";

/** All objects sleep; their sockets stay. */
export async function everybodySleeps(): Promise<void> {
  await evictAllDurableObjects({ webSockets: "hibernate" });
}

/** The client goes without a word, and the edge has noticed. */
export async function vanish(client: Client): Promise<void> {
  const before = countOf("connections_closed");
  client.cut();
  await eventually("the edge notices", () => countOf("connections_closed") > before);
}

/** The object loses its memory and its sockets at once, as on a crash. Rows that were committed stay. */
export async function reset(stub: DurableObjectStub): Promise<void> {
  await runInDurableObject(stub, (_, state) => state.abort("reset by a test")).catch(() => {});
}

export interface Fault {
  /** Resolves when a call has met it. */
  reached(): Promise<void>;
  /** Ends it: calls that are held go on. */
  end(): void;
}

type Method = (...args: never[]) => Promise<unknown>;
type Concerned = (objectName: string | undefined) => boolean;

const pollMs = 2;
const everyone: Concerned = () => true;
const faults = new Set<Fault>();

/** Calls of a method of an object's class are held, before they run or before their answers leave. */
export function hold<Name extends string, Target extends Record<Name, Method>>(
  prototype: Target,
  name: Name,
  when: "before" | "after",
  concerned = everyone,
): Fault {
  return replace(prototype, name, concerned, async (run, isOver) => {
    const answer = when === "after" ? await run() : undefined;
    // Promises must not be resolved across objects, so each looks for itself.
    while (!isOver()) await scheduler.wait(pollMs);
    return when === "after" ? answer : run();
  });
}

/** Calls of the method fail, before they run or after. */
export function fail<Name extends string, Target extends Record<Name, Method>>(
  prototype: Target,
  name: Name,
  when: "before" | "after",
  concerned = everyone,
): Fault {
  return replace(prototype, name, concerned, async (run) => {
    if (when === "after") await run();
    throw new Error("failed by a test");
  });
}

/** Calls of the method run so much later. */
export function slow<Name extends string, Target extends Record<Name, Method>>(
  prototype: Target,
  name: Name,
  byMs: number,
  concerned = everyone,
): Fault {
  return replace(prototype, name, concerned, async (run) => {
    await scheduler.wait(byMs);
    return run();
  });
}

/** To be called after each test. */
export function endFaults(): void {
  for (const fault of [...faults]) fault.end();
}

function replace<Name extends string, Target extends Record<Name, Method>>(
  prototype: Target,
  name: Name,
  concerned: Concerned,
  act: (run: () => Promise<unknown>, isOver: () => boolean) => Promise<unknown>,
): Fault {
  const original = prototype[name];
  let wasReached = false;
  let isOver = false;
  const fault: Fault = {
    reached: async () => void (await eventually(`a call of ${name}`, () => wasReached)),
    end() {
      isOver = true;
      if (faults.delete(fault)) prototype[name] = original;
    },
  };
  prototype[name] = function (this: unknown, ...args: never[]): Promise<unknown> {
    const run = () => original.apply(this, args);
    if (!concerned(nameOf(this))) return run();
    wasReached = true;
    return act(run, () => isOver);
  } as Target[Name];
  faults.add(fault);
  return fault;
}

function nameOf(object: unknown): string | undefined {
  return (object as { ctx: DurableObjectState }).ctx.id.name;
}

/** Statements that match fail, whichever object runs them. */
export function failStatements(pattern: RegExp): Fault {
  const original = ObjectSql.prototype.execute;
  let wasReached = false;
  const fault: Fault = {
    reached: async () => void (await eventually(`a statement like ${pattern}`, () => wasReached)),
    end() {
      if (faults.delete(fault)) ObjectSql.prototype.execute = original;
    },
  };
  ObjectSql.prototype.execute = function (statement, bindings) {
    if (!pattern.test(statement)) return original.call(this, statement, bindings);
    wasReached = true;
    throw new Error("disk failed by a test");
  };
  faults.add(fault);
  return fault;
}
