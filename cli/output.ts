// What commands print: tables for people, JSON lines for scripts. Progress goes to standard error, where it is in nobody's way.

import Table from "cli-table3";

const bare = Object.fromEntries(
  ["top", "bottom", "mid", "left", "right"].flatMap((side) =>
    (side === "left" || side === "right"
      ? [side, `${side}-mid`]
      : side === "mid"
        ? [side]
        : [side, `${side}-mid`, `${side}-left`, `${side}-right`]
    ).map((name) => [name, ""]),
  ),
);

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

export function printTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const chars = { ...bare, "mid-mid": "", middle: "  " };
  const table = new Table({
    head: [...head],
    chars,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  for (const row of rows) table.push(row.map((cell) => withoutControls(`${cell}`)));
  const lines = table.toString().split("\n");
  process.stdout.write(`${lines.map((line) => line.trimEnd()).join("\n")}\n`);
}

/** Of others, a terminal should not obey what it is shown. */
export function withoutControls(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (character) => (character === "\t" ? " " : "\ufffd"));
}

/** A pipe gets the bytes as they are, a terminal nothing that it would obey. */
export function payloadFor(output: NodeJS.WriteStream, payload: Buffer): Buffer {
  return output.isTTY ? Buffer.from(withoutControls(payload.toString())) : payload;
}

export function time(atMs: number | null): string {
  return atMs === null ? "" : new Date(atMs).toISOString().replace("T", " ").slice(0, 19);
}

export interface Progress {
  now(text: string): void;
  end(text: string): void;
}

/** Shown to people alone. */
export async function progress(text: string): Promise<Progress> {
  if (!process.stderr.isTTY) return { now: () => {}, end: () => {} };
  const { default: ora } = await import("ora");
  const spinner = ora({ text, stream: process.stderr }).start();
  return {
    now: (now) => {
      spinner.text = now;
    },
    end: (end) => void spinner.succeed(end),
  };
}
