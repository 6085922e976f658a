// What somebody who takes part in a trace knows of it: enough to record, and to stop by itself.

export interface TraceMark {
  readonly id: string;
  /** Nothing is recorded from then on. */
  readonly untilMs: number;
  /** Whether events have payloads. */
  readonly payload: boolean;
}

/** Of one session, or one shard. */
export const marksMax = 8;

const none: readonly never[] = [];

export function live<Mark extends TraceMark>(marks: readonly Mark[] | undefined, nowMs: number): readonly Mark[] {
  if (marks === undefined || marks.length === 0) return none;
  return marks.filter(({ untilMs }) => untilMs > nowMs);
}

/** With one more, and without those that are over. The newest stay if there are too many. */
export function withMarks(
  marks: readonly TraceMark[] | undefined,
  more: readonly TraceMark[],
  nowMs: number,
): readonly TraceMark[] {
  const ids = new Set(more.map(({ id }) => id));
  return [...live(marks, nowMs).filter(({ id }) => !ids.has(id)), ...live(more, nowMs)].slice(-marksMax);
}

export function withoutMark(marks: readonly TraceMark[] | undefined, id: string): readonly TraceMark[] {
  return marks === undefined ? none : marks.filter((mark) => mark.id !== id);
}
