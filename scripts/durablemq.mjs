#!/usr/bin/env node
// The command `durablemq`: cli/main.ts, on a Node that runs it.

import { setUp } from "./setup.mjs";

await setUp();
await import("../cli/main.ts");
