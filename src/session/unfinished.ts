// A session whose restoring from a backup has begun and is not at its end: nobody may have it. One that nobody has gone on with for
// long is given up.

import type { SessionRecord } from "./changes.ts";

const unfinishedMsMax = 3_600_000;

export function isUnfinished(record: SessionRecord | undefined, nowMs: number): boolean {
  const backup = record?.backup;
  return backup?.isWhole === false && nowMs - backup.atMs < unfinishedMsMax;
}

export function isGivenUp(record: SessionRecord | undefined, nowMs: number): boolean {
  const backup = record?.backup;
  return backup?.isWhole === false && nowMs - backup.atMs >= unfinishedMsMax;
}
