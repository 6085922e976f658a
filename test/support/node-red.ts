// Node-RED, where it is installed, with flows of the documentation. It is too large to be a package of this one.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../tidy/sources.ts";

const program = join(root, ".tools", "node-red", "node_modules", "node-red", "red.js");

export const hasNodeRed = existsSync(program);

const settings = {
  flowFile: "flows.json",
  uiHost: "127.0.0.1",
  httpAdminRoot: false,
  httpNodeRoot: false,
  telemetry: { enabled: false },
};

/** A program that runs the flow, without an editor. */
export function nodeRedProgram(flow: string): string {
  return `
    import { writeFileSync } from "node:fs";
    const folder = import.meta.dirname;
    writeFileSync(folder + "/flows.json", ${JSON.stringify(flow)});
    writeFileSync(folder + "/settings.cjs", ${JSON.stringify(`module.exports = ${JSON.stringify(settings)}`)});
    process.argv.push("--userDir", folder, "--settings", folder + "/settings.cjs");
    await import(${JSON.stringify(program)});
  `;
}
