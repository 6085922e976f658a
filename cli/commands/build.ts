// `durablemq build`: the bundle that a deployment would upload, held against its budget.

import { join } from "node:path";
import { Command } from "commander";
import { gzipBytesMax, kibibytes, makeBundle, problemsOf } from "../deployment/bundle.ts";
import { environmentOption } from "../options.ts";
import { root } from "../root.ts";

export function buildCommand(): Command {
  return new Command("build")
    .summary("bundle the Worker and check the bundle")
    .description("Makes the bundle that a deployment would upload, in dist, and checks its size and what it imports.")
    .addOption(environmentOption())
    .action(async ({ env }: { readonly env: string }, command: Command) => {
      const bundle = await makeBundle(join(root, "dist"), env).catch((error: Error) => command.error(error.message));
      const problems = problemsOf(bundle);
      if (problems.length > 0) command.error(problems.join("\n"));
      console.log(`The Worker has ${kibibytes(bundle.gzipBytes)} compressed, of ${kibibytes(gzipBytesMax)} at most.`);
    });
}
