// `npm run check`: types, format and lint.

import { setUp } from "./setup.mjs";

await setUp();
const { runChecks } = await import("./checks.mjs");
const failed = await runChecks();
if (failed === 0) console.log("Types, format and lint are in order.");
process.exitCode = failed === 0 ? 0 : 1;
