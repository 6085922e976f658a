// `npm test`: types, format, lint, then all tests. The last line is `N passed, N failed`; a check or a file that fails
// counts as one failure, and a run without a test has failed. Arguments go to Vitest, as file name filters.

import { whenOrphaned } from "./process.mjs";
import { setUp } from "./setup.mjs";

await setUp();
const { runChecks } = await import("./checks.mjs");
whenOrphaned(() => process.exit(1));
const checksFailed = await runChecks();

const { endWith, tally } = await import("./tally.mjs");
const { passed, failed } = await tally(process.argv.slice(2));
endWith({ passed, failed: failed + checksFailed });
