// What has to exist before the runtime starts: the Worker as one bundle, and the control database at its newest schema.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask } from "../cli/deployment/wrangler.ts";
import { root } from "./setup.mjs";

/** Bundles exactly as a deploy would; returns the path of the main module. */
export async function bundleWorker(stateDir) {
  const outdir = join(stateDir, "bundle");
  await wrangler(["deploy", "--dry-run", "--env", "", "--outdir", outdir], "The Worker could not be bundled.");
  return join(outdir, "index.js");
}

/** Applies the migrations of the control database, if the configuration has one and the migrations changed. */
export async function prepareDatabases(stateDir, bindings) {
  const folder = join(root, "migrations");
  const files = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(".sql"))
        .sort()
    : [];
  if (files.length === 0) return;

  const hash = createHash("sha256");
  for (const name of [...bindings, ...files]) hash.update(`${name}\0`);
  for (const name of files) hash.update(readFileSync(join(folder, name)));
  const digest = hash.digest("hex");
  const stamp = join(stateDir, "migrations.applied");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;

  for (const binding of bindings) {
    const command = ["d1", "migrations", "apply", binding, "--local", "--env", "", "--persist-to", stateDir];
    await wrangler(command, `The migrations of the database ${binding} could not be applied.`);
  }
  writeFileSync(stamp, digest);
}

async function wrangler(args, failure) {
  const { code, output } = await ask(args);
  if (code !== 0) throw new Error(`${failure}\n${output}`);
}
