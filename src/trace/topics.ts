// A trace of a topic filter, as the shards know it whose topics the filter may match.

import { matches } from "../topic/match.ts";
import type { TraceMark } from "./mark.ts";

export interface TopicMark extends TraceMark {
  readonly filter: string;
}

/** Of one shard. */
export const topicMarksMax = 32;

export function marksFor(marks: readonly TopicMark[], topic: string): readonly TopicMark[] {
  return marks.filter(({ filter }) => matches(filter, topic));
}
