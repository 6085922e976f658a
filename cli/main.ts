// The command line `durablemq`: one file for each command, in cli/commands.

import { Command } from "commander";
import packageJson from "../package.json" with { type: "json" };
import { buildCommand } from "./commands/build.ts";
import { deployCommand } from "./commands/deploy.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { gatewayCommand } from "./commands/gateway.ts";
import { importCommand } from "./commands/import.ts";

const program = new Command("durablemq")
  .description("Works with a DurableMQ broker.")
  .version(packageJson.version)
  .showHelpAfterError("(--help shows what there is)")
  .configureHelp({ showGlobalOptions: true })
  .addCommand(gatewayCommand())
  .addCommand(buildCommand())
  .addCommand(doctorCommand())
  .addCommand(deployCommand())
  .addCommand(importCommand());

await program.parseAsync();
