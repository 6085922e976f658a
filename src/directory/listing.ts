// Lists of sessions, page by page. The directory is several objects, each with a part of all sessions in the order of their
// names: a page is merged from a page of each, and ends where the first of them knows no further. So a page costs the same
// wherever it stands, and a filter that matches little gives short pages instead of slow ones.

import { compareKeys } from "../topic/key.ts";
import { shardOf } from "../topic/shards.ts";
import type { Entry, SessionState } from "./entry.ts";

export interface ListFilter {
  readonly state?: SessionState | undefined;
  readonly username?: string | undefined;
  readonly address?: string | undefined;
  /** Of the client id. */
  readonly prefix?: string | undefined;
  /** Not connected since then, in ms since 1970, or longer. */
  readonly idleSinceMs?: number | undefined;
}

export interface ListRequest extends ListFilter {
  /** The name behind which the page begins; "" for the first. */
  readonly after: string;
  readonly limit: number;
}

/** Of one object. */
export interface PartialList {
  readonly entries: readonly Entry[];
  /** Everything up to this name has been looked at; undefined: to the end. */
  readonly coveredTo: string | undefined;
}

export interface List {
  readonly entries: readonly Entry[];
  /** Where the next page begins; undefined when this is the last. */
  readonly after: string | undefined;
}

/** Sessions by their state. */
export type StateCounts = Readonly<Record<SessionState, number>>;

/** After one that was so is otherwise; undefined: it is not there. */
export function recounted(
  counts: StateCounts,
  before: SessionState | undefined,
  after: SessionState | undefined,
): StateCounts {
  const changed = { ...counts };
  if (before !== undefined) changed[before]--;
  if (after !== undefined) changed[after]++;
  return changed;
}

/** Entries that one object looks at for one page. */
export const scannedMax = 2_000;

/** Objects of sessions with a short client id are named so: see worker/names.ts. */
const idPrefix = "c:";

/** Which of so many objects knows a session. It is part of what is stored: changing it moves every entry. */
export function directoryOf(name: string, count: number): number {
  return shardOf(name, Number.POSITIVE_INFINITY, count);
}

export function clientIdOf({ clientId, name }: Pick<Entry, "clientId" | "name">): string | undefined {
  return clientId ?? (name.startsWith(idPrefix) ? name.slice(idPrefix.length) : undefined);
}

export function matches(entry: Entry, filter: ListFilter): boolean {
  const { state, username, address, prefix, idleSinceMs } = filter;
  if (state !== undefined && entry.state !== state) return false;
  if (username !== undefined && entry.username !== username) return false;
  if (address !== undefined && entry.address !== address) return false;
  if (prefix !== undefined && clientIdOf(entry)?.startsWith(prefix) !== true) return false;
  return idleSinceMs === undefined || (entry.state !== "connected" && entry.disconnectedAtMs <= idleSinceMs);
}

/** So many entries from a name on, in order; without that of the name itself unless it is included. */
export type ReadEntries = (name: string, isIncluded: boolean, limit: number) => readonly Entry[];

/** A page of one object. */
export function listPart(read: ReadEntries, request: ListRequest): PartialList {
  const { after, limit, prefix = "" } = request;
  const first = idPrefix + prefix;
  let from = after;
  let isIncluded = false;
  if (prefix !== "" && compareKeys(after, first) < 0) [from, isIncluded] = [first, true];
  const entries: Entry[] = [];
  for (let scanned = 0; scanned < scannedMax; ) {
    const chunk = Math.min(isFiltered(request) ? chunkOfFiltered : limit, scannedMax - scanned);
    const rows = read(from, isIncluded, chunk);
    isIncluded = false;
    let isLeft = rows.length === chunk;
    for (const row of rows) {
      scanned++;
      from = row.name;
      if (row.name.startsWith(idPrefix) && !row.name.startsWith(first)) {
        // No short id behind it has the prefix.
        from = longNames;
        isLeft = true;
        break;
      }
      if (matches(row, request)) entries.push(row);
      if (entries.length >= limit) return { entries, coveredTo: from };
    }
    if (!isLeft) return { entries, coveredTo: undefined };
  }
  return { entries, coveredTo: from };
}

const chunkOfFiltered = 500;

/** Behind all names of short ids, and before those of long ones, which are hashes. */
const longNames = "d";

function isFiltered({ state, username, address, prefix, idleSinceMs }: ListFilter): boolean {
  return [state, username, address, prefix, idleSinceMs].some((one) => one !== undefined);
}

/** One page of the pages of all objects. */
export function merge(parts: readonly PartialList[], limit: number): List {
  let covered: string | undefined;
  for (const { coveredTo } of parts) {
    if (coveredTo !== undefined && (covered === undefined || compareKeys(coveredTo, covered) < 0)) covered = coveredTo;
  }
  const known = parts
    .flatMap(({ entries }) => entries)
    .filter(({ name }) => covered === undefined || compareKeys(name, covered) <= 0)
    .sort((left, right) => compareKeys(left.name, right.name));
  if (known.length <= limit) return { entries: known, after: covered };
  const entries = known.slice(0, limit);
  return { entries, after: entries.at(-1)?.name };
}
