// The load generator as a process of its own: one JSON line with the result on standard output. With --step it also
// prints {"step":"ready"} and {"step":"measured"} and waits for a line on standard input after each.

import { createInterface } from "node:readline";
import { readOptions } from "./options.ts";
import { runLoad } from "./run.ts";

const options = readOptions(process.argv.slice(2));
const lines = options.step ? createInterface({ input: process.stdin }) : undefined;
const answers = lines?.[Symbol.asyncIterator]();

try {
  const result = await runLoad(options, async (step) => {
    if (answers === undefined) return;
    process.stdout.write(`${JSON.stringify({ step })}\n`);
    await answers.next();
  });
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exitCode = result.complete ? 0 : 1;
} catch (problem) {
  process.stderr.write(`${problem instanceof Error ? problem.message : String(problem)}\n`);
  process.exitCode = 2;
} finally {
  lines?.close();
}
