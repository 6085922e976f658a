// The bundle that a deployment uploads: made as wrangler makes it, and held against a budget. What starts cold, starts with
// all of it, so its size is a latency of first connections.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ask } from "./wrangler.ts";

/** Of the compressed Worker. The platform's own limit is 3 MB on Workers Free and 10 MB on Workers Paid. */
export const gzipBytesMax = 400 * 1024;

/**
 * What the bundle may leave to the runtime. Each of these is there in workerd, and not as a stub that throws: look it up in
 * its list of Node.js APIs before adding one.
 */
export const runtimeModules = ["cloudflare:workers", "buffer", "crypto", "events", "tty", "util"];

export interface Bundle {
  readonly gzipBytes: number;
  /** Modules that the bundle imports from the runtime. */
  readonly imports: readonly string[];
}

interface Metafile {
  readonly outputs: Record<
    string,
    { readonly imports: readonly { readonly path: string; readonly external?: boolean }[] }
  >;
}

export async function makeBundle(folder: string, environment: string): Promise<Bundle> {
  const { code, output } = await ask(["deploy", "--dry-run", "--outdir", folder, "--metafile", "--env", environment]);
  if (code !== 0) throw new Error(`The Worker could not be bundled.\n${output}`);
  return readBundle(folder);
}

export function readBundle(folder: string): Bundle {
  const { outputs } = JSON.parse(readFileSync(join(folder, "bundle-meta.json"), "utf8")) as Metafile;
  const imports = Object.values(outputs).flatMap((file) => file.imports.filter(({ external }) => external));
  return {
    gzipBytes: gzipSync(readFileSync(join(folder, "index.js"))).length,
    imports: [...new Set(imports.map(({ path }) => path))].sort(),
  };
}

export function problemsOf({ gzipBytes, imports }: Bundle): string[] {
  const problems: string[] = [];
  if (gzipBytes > gzipBytesMax) {
    problems.push(`The Worker has ${kibibytes(gzipBytes)} compressed, above the budget of ${kibibytes(gzipBytesMax)}.`);
  }
  for (const path of imports) {
    if (runtimeModules.includes(path.replace(/^node:/, ""))) continue;
    problems.push(`The Worker imports ${path} from the runtime, which is not in the list of cli/deployment/bundle.ts.`);
  }
  return problems;
}

export function kibibytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}
