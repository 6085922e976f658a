// Builds the operators' page into dashboard/dist, if what it is made from has changed since. `npm start`, the tests and, by
// the [build] section of wrangler.toml, every deploy go through here.

import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root, setUp } from "./setup.mjs";

const folder = join(root, "dashboard");
const built = join(folder, "dist", "index.html");
// Not in dist, all of which is uploaded.
const stamp = join(root, ".tools", "dashboard.built-from");

export async function buildDashboard() {
  const digest = digestOfSources();
  if (existsSync(built) && existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
  const { build } = await import("vite");
  const environment = process.env.NODE_ENV;
  // Whoever asks: a test runner would otherwise measure and see another page than the one that is deployed.
  process.env.NODE_ENV = "production";
  try {
    await build({ configFile: join(folder, "vite.config.ts") });
  } finally {
    if (environment === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = environment;
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
}

/** The lock stands for the packages; of the broker's own code, the page takes what the patterns name. */
function digestOfSources() {
  const files = globSync(
    [
      "dashboard/**/*",
      "src/{auth,metrics,protocol,topic,trace}/**/*",
      "src/directory/event-types.ts",
      "package-lock.json",
    ],
    {
      cwd: root,
      exclude: ["dashboard/dist/**"],
      withFileTypes: true,
    },
  );
  const hash = createHash("sha256");
  for (const path of files
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name))
    .sort()) {
    hash.update(`${path}\0`).update(readFileSync(path));
  }
  return hash.digest("hex");
}

if (import.meta.main) {
  await setUp();
  await buildDashboard();
}
