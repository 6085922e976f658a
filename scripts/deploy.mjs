// `npm run deploy`: the control database at its newest schema, then the Worker. Migrations only ever add, so the code that
// still runs goes on with the new schema. The first time there is no database yet: the deploy itself makes it.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "./setup.mjs";

const args = process.argv.slice(2);
const migrated = await wrangler(["d1", "migrations", "apply", "CONTROL", "--remote"]);
if (migrated !== 0) console.log("The database could not be migrated. If this is the first deploy, it is made now.");
let code = await wrangler(["deploy", ...args]);
if (code === 0 && migrated !== 0) code = await wrangler(["d1", "migrations", "apply", "CONTROL", "--remote"]);
process.exitCode = code;

function wrangler(command) {
  const child = spawn(join(root, "node_modules", ".bin", "wrangler"), command, { cwd: root, stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (exitCode) => resolve(exitCode ?? 1));
  });
}
