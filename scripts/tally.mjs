// Runs tests with Vitest and counts them as the last line of a run says: a file that fails counts as one failure.

import { startVitest } from "vitest/node";
import { root } from "./setup.mjs";

/** `options` are those of Vitest's command line. */
export async function tally(filters, options = {}) {
  const vitest = await startVitest("test", filters, { root, watch: false, ...options });
  const modules = vitest.state.getTestModules();
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const passed = tests.filter((test) => test.result().state === "passed").length;
  const testsFailed = tests.filter((test) => test.result().state === "failed").length;
  const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  const suitesFailed = suites.filter((suite) => suite.errors().length > 0).length;
  const unhandled = vitest.state.getUnhandledErrors().length;
  await vitest.close();
  if (tests.length === 0) console.error("No test ran.");
  return { passed, failed: testsFailed + suitesFailed + unhandled };
}

/** Prints the last line and ends the process: a run without a test has failed. */
export function endWith({ passed, failed }) {
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed > 0 || passed === 0 ? 1 : 0);
}
