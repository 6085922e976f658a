// What has to exist before the runtime starts: the Worker as one bundle, and the control database at its newest schema.

import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  globSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { ask } from "../cli/deployment/wrangler.ts";
import { root } from "./setup.mjs";

/** What was made before, by a digest of what it was made from: making either takes seconds. */
const made = join(root, ".tools");

/** Bundles exactly as a deploy would, if the sources have changed since; returns the path of the main module. */
export async function bundleWorker() {
  const sources = globSync(
    ["{src,worker}/**/*.ts", "wrangler.toml", "tsconfig.base.json", "package.json", "package-lock.json"],
    {
      cwd: root,
    },
  );
  const outdir = await once("bundle", digestOf(sources.sort(), root), async (unfinished) => {
    await wrangler(["deploy", "--dry-run", "--env", "", "--outdir", unfinished], "The Worker could not be bundled.");
  });
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

  const digest = digestOf(
    [...files.map((name) => join("migrations", name)), "wrangler.toml", "package-lock.json"],
    root,
  );
  const stamp = join(stateDir, "migrations.applied");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;

  const databases = join(stateDir, "v3", "d1");
  if (existsSync(databases)) {
    await migrate(stateDir, bindings);
  } else {
    const empty = await once("databases", digest, (unfinished) => migrate(unfinished, bindings));
    cpSync(join(empty, "v3", "d1"), databases, { recursive: true });
  }
  writeFileSync(stamp, digest);
}

async function migrate(stateDir, bindings) {
  for (const binding of bindings) {
    const command = ["d1", "migrations", "apply", binding, "--local", "--env", "", "--persist-to", stateDir];
    await wrangler(command, `The migrations of the database ${binding} could not be applied.`);
  }
}

function digestOf(paths, folder) {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(`${path}\0`).update(readFileSync(join(folder, path)));
  return hash.digest("hex").slice(0, 16);
}

/** Makes a folder, whole or not at all, also if several try at once. What it replaces, made from other sources, goes. */
async function once(kind, digest, make) {
  const folder = join(made, `${kind}-${digest}`);
  if (existsSync(folder)) return folder;
  const unfinished = mkdtempSync(`${folder}.`);
  try {
    await make(unfinished);
    renameSync(unfinished, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  const earlier = new RegExp(`^${kind}-[0-9a-f]{16}$`);
  for (const name of readdirSync(made)) {
    if (earlier.test(name) && name !== `${kind}-${digest}`) rmSync(join(made, name), { recursive: true, force: true });
  }
  return folder;
}

async function wrangler(args, failure) {
  const { code, output } = await ask(args);
  if (code !== 0) throw new Error(`${failure}\n${output}`);
}
