// How far each message of a window has come, and the forms in which that is written down: runs of equal progress while they
// are few, as they are for nearly every client, and two positions to a letter where runs would take more room.

/** untouched: not sent on this connection · released: PUBREL is due or sent · done: finished behind an unfinished one */
export const Progress = { untouched: 0, sentQos1: 1, sentQos2: 2, released: 3, done: 4 } as const;
export type Progress = (typeof Progress)[keyof typeof Progress];

/** [how many positions, their progress] */
export type ProgressRuns = readonly (readonly [number, number])[];

/** Of positions in a row. Behind what is written lie untouched ones. */
export interface WrittenProgress {
  readonly runs: ProgressRuns;
  /** Instead of runs. */
  readonly letters?: string;
}

/** With 1,024 in flight there are no more, however a client acknowledges them: each, and what is finished next to it. */
const runsMax = 2_049;

const kinds = 5;
const firstLetter = 0x30;
const decoder = new TextDecoder();

export function writeProgress(progress: Uint8Array): WrittenProgress {
  let end = progress.length;
  while (end > 0 && progress[end - 1] === Progress.untouched) end--;
  const runs: [number, number][] = [];
  for (let at = 0; at < end; at++) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === progress[at]) last[0]++;
    else if (runs.push([1, progress[at] as number]) > runsMax) return { runs: [], letters: toLetters(progress, end) };
  }
  return { runs };
}

/** One byte for each position. */
export function readProgress({ runs, letters }: WrittenProgress): Uint8Array {
  if (letters !== undefined) return fromLetters(letters);
  const progress = new Uint8Array(runs.reduce((sum, [count]) => sum + count, 0));
  let at = 0;
  for (const [count, value] of runs) progress.fill(value, at, (at += count));
  return progress;
}

function toLetters(progress: Uint8Array, end: number): string {
  const letters = new Uint8Array(Math.ceil(end / 2));
  for (let index = 0; index < letters.length; index++) {
    const at = index * 2;
    const second = at + 1 < end ? (progress[at + 1] as number) : Progress.untouched;
    letters[index] = firstLetter + (progress[at] as number) * kinds + second;
  }
  return decoder.decode(letters);
}

function fromLetters(letters: string): Uint8Array {
  const progress = new Uint8Array(letters.length * 2);
  for (let index = 0; index < letters.length; index++) {
    const value = letters.charCodeAt(index) - firstLetter;
    progress[index * 2] = Math.floor(value / kinds);
    progress[index * 2 + 1] = value % kinds;
  }
  return progress;
}
