// Runs tests with Vitest and counts them as the last line of a run says: a file that fails counts as one failure. Each failure
// is named in a line of its own before it, `FAILED  <project> <file> > <test>: <message>`, as the other kinds of tests have it.

import { startVitest } from "vitest/node";
import { root } from "./setup.mjs";

/** `options` are those of Vitest's command line. */
export async function tally(filters, options = {}) {
  const vitest = await startVitest("test", filters, { root, watch: false, ...options });
  const modules = vitest.state.getTestModules();
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const passed = tests.filter((test) => test.result().state === "passed").length;
  const testsFailed = tests.filter((test) => test.result().state === "failed");
  const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  const suitesFailed = suites.filter((suite) => suite.errors().length > 0);
  const unhandled = vitest.state.getUnhandledErrors();
  await vitest.close();
  if (tests.length === 0) console.error("No test ran.");
  for (const test of testsFailed) sayFailed(nameOf(test), test.result().errors);
  for (const suite of suitesFailed) sayFailed(nameOf(suite), suite.errors());
  for (const error of unhandled) sayFailed("outside of a test", [error]);
  return { passed, failed: testsFailed.length + suitesFailed.length + unhandled.length };
}

function nameOf(entity) {
  const place = `${entity.project.name} ${(entity.module ?? entity).relativeModuleId}`;
  return entity.fullName === undefined ? place : `${place} > ${entity.fullName}`;
}

function sayFailed(name, errors) {
  const [message = "no message"] = String(errors[0]?.message ?? errors[0]).split("\n");
  console.error(`FAILED  ${name}: ${message}`);
}

/** Prints the last line and ends the process: a run without a test has failed. */
export function endWith({ passed, failed }) {
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed > 0 || passed === 0 ? 1 : 0);
}
