// `node scripts/run.mjs <command> [arguments]`: a command of node_modules/.bin, or `node`, under a supported Node and
// with the packages installed. Every npm script goes through here, so they all work on the machine's own older Node.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { whenOrphaned } from "./process.mjs";
import { fail, pathWith, root, setUp } from "./setup.mjs";

const [command, ...args] = process.argv.slice(2);
if (command === undefined) fail("Usage: node scripts/run.mjs <command> [arguments]");
await setUp();

const binary = join(root, "node_modules", ".bin", command);
if (command !== "node" && !existsSync(binary)) fail(`There is no command ${command} among the installed packages.`);
const child = spawn(command === "node" ? process.execPath : binary, args, {
  stdio: "inherit",
  env: { ...process.env, PATH: pathWith(process.execPath), WRANGLER_SEND_METRICS: "false" },
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
whenOrphaned(() => child.kill("SIGTERM"));
child.once("error", (error) => fail(`${command} could not be run: ${error.message}`));
child.once("exit", (code) => process.exit(code ?? 1));
