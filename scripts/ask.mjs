// Asks at the terminal for what nobody should see.

import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** The prompt goes where it does not mix with the output, and what is typed goes nowhere. */
export async function askHidden(prompt) {
  process.stderr.write(prompt);
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output, terminal: true });
  terminal.once("SIGINT", () => process.exit(130));
  const answer = await terminal.question("");
  terminal.close();
  process.stderr.write("\n");
  return answer;
}

export function withoutLineEnd(input) {
  return input.replace(/\r?\n$/, "");
}
