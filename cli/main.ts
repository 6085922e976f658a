// The command line `durablemq`.

import { Command } from "commander";
import packageJson from "../package.json" with { type: "json" };
import { commands } from "./commands.ts";
import { Failure } from "./failure.ts";

const program = new Command("durablemq")
  .description("Works with a DurableMQ broker.")
  .version(packageJson.version)
  .showHelpAfterError("(--help shows what there is)")
  .configureHelp({ showGlobalOptions: true });

const [, , named = ""] = process.argv;
const load = commands.get(named);
// All of them are there for --help, and to guess which one was meant.
const loaded = load === undefined ? [...commands.values()].map((each) => each()) : [load()];
for (const command of await Promise.all(loaded)) program.addCommand(command);

// Whoever reads what is printed may have seen enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
