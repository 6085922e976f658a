// The command line `durablemq`.

import { Command } from "commander";
import packageJson from "../package.json" with { type: "json" };
import { commands } from "./commands.ts";
import { Failure } from "./failure.ts";

const hint = "(--help shows what there is)";

const program = new Command("durablemq")
  .description("Works with a DurableMQ broker.")
  .version(packageJson.version)
  .showHelpAfterError(hint)
  .configureHelp({ showGlobalOptions: true });

const [, , named = ""] = process.argv;
const load = commands.get(named);
// All of them are there for --help, and to guess which one was meant.
const loaded = load === undefined ? [...commands.values()].map((each) => each()) : [load()];
for (const command of await Promise.all(loaded)) program.addCommand(withHelpAfterErrors(command));

/** Each has to be told: those that are added inherit nothing. */
function withHelpAfterErrors(command: Command): Command {
  for (const inner of command.commands) withHelpAfterErrors(inner);
  return command.showHelpAfterError(hint);
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // Whoever reads what is printed may have seen enough.
  if (error.code === "EPIPE") process.exit(0);
  console.error(`error: what is printed cannot be written: ${error.message}.`);
  process.exit(1);
});

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
