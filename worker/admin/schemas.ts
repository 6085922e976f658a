// Pieces that several resources of the HTTP API are described with.

import * as z from "zod/mini";
import { overridableLimits } from "../../src/auth/limits.ts";

const limitMax = 10_000_000_000;

/** Names are stored and compared as they are: no two of them may look alike because of what cannot be seen. */
export const name = z
  .string()
  .check(
    z.minLength(1),
    z.maxLength(128),
    z.regex(/^[^\p{C}\p{Z}][^\p{C}]*$/u, "begins with a visible character and has no control characters"),
    z.regex(/[^\p{Z}]$/u, "does not end with a space"),
  );

const commentText = z.string().check(z.maxLength(1024));
export const comment = z._default(commentText, "");
/** Of a change: what it leaves out stays, so it has no default. */
export const changedComment = z.optional(commentText);

export const limits = z.partialRecord(z.enum(overridableLimits), z.int().check(z.minimum(0), z.maximum(limitMax)));

/** A time in the future, in milliseconds since 1970; null: never. */
export const endsAt = z._default(z.nullable(z.int().check(z.minimum(0))), null);

export const none = z.strictObject({});

const behind = z.describe("`next` of the page before.");

/** Where a page begins, if not at the first item; `form` is that of what items are sorted by. */
export function cursor(form: RegExp): z.ZodMiniDefault<z.ZodMiniString> {
  return z._default(z.string().check(z.maxLength(1100), z.regex(form), behind), "");
}

/** Of a list that is sorted by ids of ours. */
export const idCursor = cursor(/^[0-9a-z]{0,40}$/);

export const page = z.strictObject({
  after: z._default(z.string().check(z.maxLength(1024), behind), ""),
  limit: z._default(z.coerce.number().check(z.int(), z.minimum(1), z.maximum(1000)), 100),
});

export interface Page<Item> {
  readonly items: readonly Item[];
  /** For the next page; null when this is the last. */
  readonly next: string | null;
}

export function pageOf<Item>(items: readonly Item[], limit: number, cursorOf: (item: Item) => string): Page<Item> {
  const last = items.at(-1);
  return { items, next: items.length < limit || last === undefined ? null : cursorOf(last) };
}

export function pageSchema(item: z.ZodMiniType): z.ZodMiniType {
  return z.object({ items: z.array(item), next: z.nullable(z.string()) });
}
