// The checks that need no test runner: types, with one program per platform, and Biome's formatter and linter.

import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./setup.mjs";

/** Runs all checks and prints what they found; returns how many failed. */
export async function runChecks() {
  let failed = 0;
  for (const folder of typedFolders()) {
    // What was found in order is remembered: a deploy checks again what a test run has checked.
    const remembered = join(root, ".tools", "types", `${folder.replaceAll("/", "-")}.json`);
    failed += await runTool("tsc", ["-p", folder, "--incremental", "--tsBuildInfoFile", remembered]);
  }
  failed += await runTool("biome", ["check", "--error-on-warnings"]);
  return failed;
}

/** A folder whose configuration has no source yet would be an error of its own. */
function typedFolders() {
  return globSync("{.,{src,worker,cli,dashboard,test,bench}/**}/tsconfig.json", { cwd: root })
    .map((file) => dirname(file))
    .filter((folder) => globSync(join(folder, "**/*.{ts,tsx}"), { cwd: root, exclude: ["**/node_modules"] }).length > 0)
    .sort();
}

function runTool(name, args) {
  const child = spawn(join(root, "node_modules", ".bin", name), args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code !== 0) console.error(`FAILED  ${name} ${args.join(" ")}:\n${output.trim()}`);
      resolve(code === 0 ? 0 : 1);
    });
  });
}
