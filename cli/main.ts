// The command line `durablemq`: one file for each command, in cli/commands.

import { Command } from "commander";
import packageJson from "../package.json" with { type: "json" };
import { aclCommand } from "./commands/acl.ts";
import { backupCommand } from "./commands/backup.ts";
import { benchCommand } from "./commands/bench.ts";
import { buildCommand } from "./commands/build.ts";
import { clientsCommand } from "./commands/clients.ts";
import { deployCommand } from "./commands/deploy.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { exportCommand } from "./commands/export.ts";
import { gatewayCommand } from "./commands/gateway.ts";
import { importCommand } from "./commands/import.ts";
import { kickCommand } from "./commands/kick.ts";
import { provisionCommand } from "./commands/provision.ts";
import { pubCommand } from "./commands/pub.ts";
import { restoreCommand } from "./commands/restore.ts";
import { retainedCommand } from "./commands/retained.ts";
import { subCommand } from "./commands/sub.ts";
import { templatesCommand } from "./commands/templates.ts";
import { traceCommand } from "./commands/trace.ts";
import { usersCommand } from "./commands/users.ts";
import { webhooksCommand } from "./commands/webhooks.ts";
import { Failure } from "./failure.ts";

const program = new Command("durablemq")
  .description("Works with a DurableMQ broker.")
  .version(packageJson.version)
  .showHelpAfterError("(--help shows what there is)")
  .configureHelp({ showGlobalOptions: true })
  .addCommand(pubCommand())
  .addCommand(subCommand())
  .addCommand(retainedCommand())
  .addCommand(clientsCommand())
  .addCommand(kickCommand())
  .addCommand(provisionCommand())
  .addCommand(templatesCommand())
  .addCommand(usersCommand())
  .addCommand(aclCommand())
  .addCommand(traceCommand())
  .addCommand(webhooksCommand())
  .addCommand(benchCommand())
  .addCommand(gatewayCommand())
  .addCommand(buildCommand())
  .addCommand(doctorCommand())
  .addCommand(deployCommand())
  .addCommand(backupCommand())
  .addCommand(restoreCommand())
  .addCommand(exportCommand())
  .addCommand(importCommand());

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
