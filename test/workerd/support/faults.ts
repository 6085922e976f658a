// What can go wrong with an object, done to it on purpose.

import { evictAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { quiet } from "./bill.ts";

/** All objects sleep; their sockets stay. */
export async function everybodySleeps(): Promise<void> {
  await quiet();
  await evictAllDurableObjects({ webSockets: "hibernate" });
}

/** The object loses its memory and its sockets at once, as on a crash. Rows that were committed stay. */
export async function reset(stub: DurableObjectStub): Promise<void> {
  await runInDurableObject(stub, (_, state) => state.abort("reset by a test")).catch(() => {});
}

export interface Held {
  /** Resolves when a call has come to where it is held. */
  readonly reached: Promise<void>;
  /** Lets this call and all later ones go. */
  release(): void;
}

type Method = (...args: never[]) => Promise<unknown>;

/**
 * Holds calls of a method of an object's class, before it runs or before its answer leaves. Undone by `release` and,
 * should a test fail before, by `releaseAll`.
 */
export function hold<Name extends string, Target extends Record<Name, Method>>(
  prototype: Target,
  name: Name,
  when: "before" | "after",
  concerns: (objectName: string | undefined) => boolean = () => true,
): Held {
  const original = prototype[name];
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const held = async function (this: unknown, ...args: never[]): Promise<unknown> {
    if (!concerns(nameOf(this))) return original.apply(this, args);
    const answer = when === "after" ? await original.apply(this, args) : undefined;
    reached.resolve();
    await gate.promise;
    return when === "after" ? answer : original.apply(this, args);
  };
  return install(prototype, name, original, held as Target[Name], reached.promise, gate.resolve);
}

/** Calls of the method fail. */
export function break_<Name extends string, Target extends Record<Name, Method>>(
  prototype: Target,
  name: Name,
  concerns: (objectName: string | undefined) => boolean = () => true,
): Held {
  const original = prototype[name];
  const reached = Promise.withResolvers<void>();
  const broken = async function (this: unknown, ...args: never[]): Promise<unknown> {
    if (!concerns(nameOf(this))) return original.apply(this, args);
    reached.resolve();
    throw new Error("broken by a test");
  };
  return install(prototype, name, original, broken as Target[Name], reached.promise, () => {});
}

const installed = new Set<() => void>();

function install<Name extends string, Target extends Record<Name, Method>>(
  prototype: Target,
  name: Name,
  original: Target[Name],
  replacement: Target[Name],
  reached: Promise<void>,
  open: () => void,
): Held {
  prototype[name] = replacement;
  const release = () => {
    if (!installed.delete(release)) return;
    prototype[name] = original;
    open();
  };
  installed.add(release);
  return { reached, release };
}

export function releaseAll(): void {
  for (const release of [...installed]) release();
}

function nameOf(object: unknown): string | undefined {
  return (object as { ctx: DurableObjectState }).ctx.id.name;
}
