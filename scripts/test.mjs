// `npm test`: types, format, lint, then all tests. The last line is `N passed, N failed`; a check or a file that fails
// counts as one failure, and a run without a test has failed. Arguments go to Vitest, as file name filters.

import { whenOrphaned } from "./process.mjs";
import { root, setUp } from "./setup.mjs";

await setUp();
const { runChecks } = await import("./checks.mjs");
whenOrphaned(() => process.exit(1));
const checksFailed = await runChecks();

const { startVitest } = await import("vitest/node");
const vitest = await startVitest("test", process.argv.slice(2), { root, watch: false });
const modules = vitest.state.getTestModules();
const tests = modules.flatMap((module) => [...module.children.allTests()]);
const passed = tests.filter((test) => test.result().state === "passed").length;
const testsFailed = tests.filter((test) => test.result().state === "failed").length;
const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
const suitesFailed = suites.filter((suite) => suite.errors().length > 0).length;
const unhandled = vitest.state.getUnhandledErrors().length;
await vitest.close();

if (tests.length === 0) console.error("No test ran.");
const failed = checksFailed + testsFailed + suitesFailed + unhandled;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
