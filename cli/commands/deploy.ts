// `durablemq deploy`: checks, then the control database at its newest schema, then the Worker. Migrations only ever add, so
// code that still runs goes on with the newer schema, and code that is rolled back to does as well.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { Command } from "commander";
import { makeBundle, problemsOf } from "../deployment/bundle.ts";
import type { Configuration } from "../deployment/facts.ts";
import { findingsOf, requiredDatabases } from "../deployment/findings.ts";
import { gather, noDatabase } from "../deployment/gather.ts";
import { ask, hand } from "../deployment/wrangler.ts";
import { configOption, environmentOption } from "../options.ts";
import { root } from "../root.ts";

interface DeployFlags {
  readonly env: string;
  readonly config: string;
  readonly dryRun?: true;
  readonly anyway?: true;
}

export function deployCommand(): Command {
  return new Command("deploy")
    .summary("check, migrate the database, deploy the Worker")
    .description("Checks this checkout, brings the control database to its newest schema, and deploys the Worker.")
    .usage("[options] [-- options of wrangler deploy]")
    .addOption(environmentOption())
    .addOption(configOption())
    .option("--dry-run", "check everything, change nothing")
    .option("--anyway", "deploy in spite of what `durablemq doctor` calls an error")
    .argument("[options...]", "for wrangler deploy, such as --secrets-file or --domain")
    .action((more: readonly string[], flags: DeployFlags, command: Command) => deploy(more, flags, command));
}

async function deploy(more: readonly string[], flags: DeployFlags, command: Command): Promise<void> {
  const { env: environment, config: configPath } = flags;
  const target = ["--config", configPath, "--env", environment];

  step("Types, format and lint");
  const checks = spawnSync(process.execPath, [join(root, "scripts", "check.mjs")], { stdio: "inherit" });
  if (checks.status !== 0) command.error("error: the checks failed");

  step("Configuration");
  const facts = await gather({ configPath, environment, asksAccount: false, url: undefined });
  const errors = findingsOf(facts).filter(({ severity }) => severity === "error");
  for (const { id, what, remedy } of errors) console.error(`${id}: ${what}\n  → ${remedy}`);
  const { configuration } = facts;
  if (configuration.type === "unreadable" || (errors.length > 0 && !flags.anyway)) {
    command.error("error: nothing was deployed");
  }

  step("Bundle");
  const bundle = await makeBundle(join(root, "dist"), environment).catch((error: Error) =>
    command.error(error.message),
  );
  const problems = problemsOf(bundle);
  if (problems.length > 0) command.error(problems.join("\n"));
  if (flags.dryRun) return step("All in order; nothing was deployed, as asked");

  for (const binding of requiredDatabases) await prepareDatabase(binding, configuration, target, command);

  step("Worker");
  const code = await hand(["deploy", ...target, ...more]);
  if (code !== 0) command.error("error: the Worker was not deployed; the one before still runs", { exitCode: code });
  const option = environment === "" ? "" : ` --env ${environment}`;
  console.log(`To go back to the version before: npm run wrangler -- rollback${option}`);
}

async function prepareDatabase(
  binding: string,
  configuration: Configuration,
  target: readonly string[],
  command: Command,
): Promise<void> {
  step(`Database ${binding}`);
  const name = configuration.databases[binding] ?? "";
  const known = await ask(["d1", "info", binding, "--json", ...target]);
  if (known.code !== 0) {
    if (!noDatabase.test(known.output)) command.error(`error: Cloudflare did not answer:\n${known.output}`);
    console.log(`There is none: making ${name}.`);
    const made = await ask(["d1", "create", name, ...placeOf(configuration), ...target]);
    if (made.code !== 0) command.error(`error: the database could not be made:\n${made.output}`);
  }
  const migrated = await hand(["d1", "migrations", "apply", binding, "--remote", ...target]);
  if (migrated !== 0) command.error("error: the database could not be migrated; the Worker was not deployed");
}

/** A database stays where the objects have to. */
function placeOf({ variables }: Configuration): string[] {
  const jurisdiction = variables["JURISDICTION"] ?? "none";
  return jurisdiction === "none" ? [] : ["--jurisdiction", String(jurisdiction)];
}

function step(title: string): void {
  console.log(`\n▸ ${title}`);
}
