// What a shard owes to sessions. The rows are in the store; here is what is known of them without reading them, and how much
// may be owed.
//
// A row is a call. Under its key leaves what it holds, however often it is tried, by whichever life of the shard: so the
// session knows it when it comes again. Until it has been tried, and in the life that wrote it, the last row of a session
// takes up what comes behind it as long as it is small: one row and one call for many messages, written anew each time.
//
// While nobody talks to a session that is owed something it is
//   ready   this life of the shard has not tried it, or it took what it was sent, and time was up: it can be asked;
//   silent  it did not answer the last call in time: it is owed more, and tried by the alarm alone;
//   full    it has no room for what it is owed: who can be refused is, and asks it again half a second after the last time.

import type { Numbering } from "../../src/hop/key.ts";
import type { OwedCall, OwedKey, OwedPart, OwedReads, ShardChange } from "../../src/shard/changes.ts";
import { packParts } from "../../src/shard/packing.ts";
import { packedLength } from "../../src/store/owed-parts.ts";

/** What may be owed to one session, and to all. Beyond, those publishers are refused who can be; what cannot be refused is owed. */
export const owedCallsMax = 10_000;
export const owedBytesMax = 64 * 1024 * 1024;
export const shardOwedBytesMax = 1024 * 1024 * 1024;
/** A row takes up what comes behind it until it has so many bytes: it is written anew each time. */
export const growingBytesMax = 64 * 1024;
/** So often a session that is full may be asked again by those who would be refused. */
const askAgainMs = 500;

export type Standing = "ready" | "silent" | "full";

export type OutboxRefusal = "queue-full" | "outbox-full";

interface Debt {
  calls: number;
  /** Of their rows. */
  bytes: number;
  standing: Standing;
  /** Since when nobody talks to it. */
  restedAtMs: number;
  /** The last row, as long as it may grow. */
  growing: { readonly key: OwedKey; bytes: number } | undefined;
}

export class Debts {
  readonly #reads: OwedReads;
  /** Those who were tried last are last. */
  readonly #debts = new Map<string, Debt>();
  #bytes = 0;
  /** Of the lives that wrote what is owed. */
  readonly newestIncarnation: number;

  constructor(reads: OwedReads) {
    this.#reads = reads;
    let newest = 0;
    for (const { target, calls, bytes, newestIncarnation } of reads.owedTargets()) {
      this.#debts.set(target, { calls, bytes, standing: "ready", restedAtMs: 0, growing: undefined });
      this.#bytes += bytes;
      newest = Math.max(newest, newestIncarnation);
    }
    this.newestIncarnation = newest;
  }

  get size(): number {
    return this.#debts.size;
  }

  /** Those who are owed something; who was tried last comes last. */
  targets(): readonly string[] {
    return [...this.#debts.keys()];
  }

  has(target: string): boolean {
    return this.#debts.has(target);
  }

  callsTo(target: string): number {
    return this.#debts.get(target)?.calls ?? 0;
  }

  /** Why no more is owed to it if its publisher can be told; undefined if it is. */
  refusal(target: string): OutboxRefusal | undefined {
    const debt = this.#debts.get(target);
    if (debt?.standing === "full") return "queue-full";
    // Of two messages the second is refused if the first was: what is compared does not depend on their sizes.
    const isTooMuch = debt !== undefined && (debt.calls >= owedCallsMax || debt.bytes >= owedBytesMax);
    return isTooMuch || this.#bytes >= shardOwedBytesMax ? "outbox-full" : undefined;
  }

  /** Whether a message for it is a reason to try it. */
  mayAsk(target: string, nowMs: number): boolean {
    const debt = this.#debts.get(target);
    if (debt === undefined || debt.standing === "silent") return false;
    return debt.standing === "ready" || nowMs - debt.restedAtMs >= askAgainMs;
  }

  /** A call that was under way keeps its key, so that the session recognises it if it did arrive. */
  owe(key: OwedKey, parts: readonly OwedPart[]): ShardChange {
    return this.#put({ ...key, parts }, packedLength(parts));
  }

  /** What has not been under way: a call of its own, or the end of the one before. */
  oweBehind(target: string, parts: readonly OwedPart[], numbering: Numbering): ShardChange {
    const bytes = packedLength(parts);
    const debt = this.#debts.get(target);
    const grown = debt && this.#grown(debt, parts, bytes);
    if (grown !== undefined) return grown;
    const { incarnation, sequence } = numbering.next();
    const key = { target, incarnation, sequence };
    const change = this.#put({ ...key, parts }, bytes);
    if (bytes < growingBytesMax) this.#of(target).growing = { key, bytes };
    return change;
  }

  /** The call that is to leave next; from here on it stays as it is. */
  next(target: string): OwedCall | undefined {
    const call = this.#reads.firstOwed(target);
    const debt = this.#debts.get(target);
    if (call === undefined) this.#forget(target);
    else if (debt?.growing !== undefined && isSame(debt.growing.key, call)) debt.growing = undefined;
    return call;
  }

  /** The session has it. */
  taken(key: OwedKey, parts: readonly OwedPart[]): ShardChange {
    const bytes = packedLength(parts);
    const debt = this.#of(key.target);
    this.#add(debt, -1, -bytes);
    debt.standing = "ready";
    return { kind: "delete-owed", key };
  }

  /** Nobody talks to it any more, though it is owed something, or will be at once. */
  rest(target: string, standing: Standing, nowMs: number): void {
    const debt = this.#of(target);
    debt.standing = standing;
    debt.restedAtMs = nowMs;
    this.#debts.delete(target);
    this.#debts.set(target, debt);
  }

  /**
   * The session knows a later life of this shard than one that owes it something: all that it is owed gets keys above that,
   * in the same order, since it would take a call whose key is below that of the call before for a repeat.
   */
  rename(target: string, numbering: Numbering): { readonly first: OwedKey; readonly changes: readonly ShardChange[] } {
    const renamed = this.#reads.owedKeys(target).map((from) => {
      const { incarnation, sequence } = numbering.next();
      return { kind: "rename-owed", from, to: { target, incarnation, sequence } } as const;
    });
    const first = renamed[0]?.to;
    if (first === undefined) throw new Error("nothing is owed to who was called for it");
    this.#of(target).growing = undefined;
    return { first, changes: renamed };
  }

  #grown(debt: Debt, parts: readonly OwedPart[], bytes: number): ShardChange | undefined {
    const { growing } = debt;
    if (growing === undefined || growing.bytes + bytes > growingBytesMax) return undefined;
    const call = this.#reads.owedCall(growing.key);
    if (call === undefined) return undefined;
    const all = [...call.parts, ...parts];
    if (pack(all.map((part) => ({ part }))) < all.length) return undefined;
    const grownBytes = packedLength(all);
    this.#add(debt, 0, grownBytes - growing.bytes);
    growing.bytes = grownBytes;
    return { kind: "put-owed", call: { ...growing.key, parts: all } };
  }

  #put(call: OwedCall, bytes: number): ShardChange {
    const debt = this.#of(call.target);
    this.#add(debt, 1, bytes);
    debt.growing = undefined;
    return { kind: "put-owed", call };
  }

  #add(debt: Debt, calls: number, bytes: number): void {
    debt.calls += calls;
    debt.bytes += bytes;
    this.#bytes += bytes;
  }

  /** Who is owed something from now on did not take it. */
  #of(target: string): Debt {
    let debt = this.#debts.get(target);
    if (debt === undefined) {
      debt = { calls: 0, bytes: 0, standing: "silent", restedAtMs: 0, growing: undefined };
      this.#debts.set(target, debt);
    }
    return debt;
  }

  #forget(target: string): void {
    this.#bytes -= this.#debts.get(target)?.bytes ?? 0;
    this.#debts.delete(target);
  }
}

function isSame(one: OwedKey, other: OwedKey): boolean {
  return one.incarnation === other.incarnation && one.sequence === other.sequence;
}

/** How much a row takes up is said in bytes that are known. */
const pack = packParts<{ readonly part: OwedPart }>(Number.POSITIVE_INFINITY);
