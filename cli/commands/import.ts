// `durablemq import`: tables of the control database, and users, rules and bans of another broker, through the HTTP API.

import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { checkPlan } from "../import/check.ts";
import { type EmqxHashing, fromEmqxBanned, fromEmqxRules, fromEmqxUsers } from "../import/emqx.ts";
import { fromAclFile } from "../import/mosquitto-acl.ts";
import { fromDynamicSecurity } from "../import/mosquitto-dynsec.ts";
import { fromPasswordFile } from "../import/mosquitto-passwords.ts";
import { type ImportPlan, joinPlans } from "../import/plan.ts";
import { importTableCommand } from "../import/table.ts";
import { type Conflicts, writePlan } from "../import/write.ts";
import { apiKeyFileOption, apiKeyFrom, apiKeyMissing, apiUrlOption, wholeNumber } from "../options.ts";
import { printJson } from "../output.ts";
import { tableNames } from "../tables.ts";

interface CommonFlags {
  readonly api: string;
  readonly keyFile?: string;
  readonly dryRun?: true;
  readonly replace?: true;
  readonly json?: true;
}

interface MosquittoFlags extends CommonFlags {
  readonly passwords?: string;
  readonly acl?: string;
  readonly dynsec?: string;
}

interface EmqxFlags extends CommonFlags {
  readonly users?: string;
  readonly acl?: string;
  readonly banned?: string;
  readonly hash: EmqxHashing["algorithm"];
  readonly salt: EmqxHashing["saltIs"];
  readonly iterations: number;
}

export function importCommand(): Command {
  const command = new Command("import")
    .summary("take in users, rules, bans and so on, also of another broker")
    .description(
      "Takes in what `durablemq export` has written, or reads files of another broker and makes what they say here.",
    );
  for (const table of tableNames) command.addCommand(importTableCommand(table));
  return command
    .addCommand(
      common(new Command("mosquitto"))
        .summary("from Mosquitto")
        .description("Takes users, groups and rules over from the files of a Mosquitto.")
        .option("--passwords <file>", "the password file")
        .option("--acl <file>", "the ACL file")
        .option("--dynsec <file>", "the state of the dynamic-security plugin, JSON")
        .action((flags: MosquittoFlags, command: Command) =>
          run(flags, command, [
            [flags.passwords, fromPasswordFile],
            [flags.acl, fromAclFile],
            [flags.dynsec, fromDynamicSecurity],
          ]),
        ),
    )
    .addCommand(
      common(new Command("emqx"))
        .summary("from EMQX 5 and 6")
        .description("Takes users, rules and bans over from exports of an EMQX 5 or 6.")
        .option("--users <file>", "users of the built-in database, JSON or CSV")
        .option("--acl <file>", "rules of the built-in database as the HTTP API lists them, JSON")
        .option("--banned <file>", "bans as the HTTP API lists them, JSON")
        .addOption(
          new Option("--hash <name>", "how EMQX was set to hash passwords")
            .choices(["sha256", "sha512", "pbkdf2-sha256", "pbkdf2-sha512"])
            .default("sha256"),
        )
        .addOption(new Option("--salt <where>", "its salt position").choices(["prefix", "suffix"]).default("prefix"))
        .option("--iterations <number>", "its iterations, for pbkdf2", wholeNumber(1, 100_000_000), 4096)
        .action((flags: EmqxFlags, command: Command) => {
          const hashing = { algorithm: flags.hash, saltIs: flags.salt, iterations: flags.iterations };
          return run(flags, command, [
            [flags.users, (text) => fromEmqxUsers(text, hashing)],
            [flags.acl, fromEmqxRules],
            [flags.banned, (text) => fromEmqxBanned(text, Date.now())],
          ]);
        }),
    );
}

function common(command: Command): Command {
  return command
    .addOption(apiUrlOption())
    .addOption(apiKeyFileOption())
    .option("--dry-run", "show what would be made and what cannot be carried over, and make nothing")
    .option("--replace", "users that exist get what the files say; without it they stay as they are")
    .option("--json", "what would be made, or was, as JSON");
}

type Source = readonly [file: string | undefined, read: (text: string) => ImportPlan];

async function run(flags: CommonFlags, command: Command, sources: readonly Source[]): Promise<void> {
  const given = sources.filter(([file]) => file !== undefined);
  if (given.length === 0) command.error("error: name at least one file; --help shows which");
  const plan = checkPlan(joinPlans(given.map(([file, read]) => readFrom(file as string, read, command))));
  if (flags.dryRun) {
    if (flags.json) printJson(plan);
    else console.log(`${describe(plan)}\nNothing was made, as asked.`);
    return;
  }
  const key = apiKeyFrom(flags.keyFile);
  if (key === undefined) command.error(`error: ${apiKeyMissing}`);
  const conflicts: Conflicts = flags.replace ? "replace" : "keep";
  const result = await writePlan(plan, { api: flags.api, key, conflicts }).catch((error: Error) =>
    command.error(`error: ${error.message}`),
  );
  if (flags.json) printJson({ ...result, left: plan.left });
  else {
    for (const { where, why } of [...plan.left, ...result.refused]) console.log(`left behind: ${where}: ${why}`);
    const { made, replaced, kept } = result;
    console.log(`Made ${made}, replaced ${replaced}, left ${kept} as they were, refused ${result.refused.length}.`);
  }
  if (result.refused.length > 0) process.exitCode = 1;
}

function readFrom(file: string, read: (text: string) => ImportPlan, command: Command): ImportPlan {
  try {
    return read(readFileSync(file, "utf8"));
  } catch (error) {
    return command.error(`error: ${file} cannot be read: ${(error as Error).message}`);
  }
}

function describe({ users, groups, rules, bans, left }: ImportPlan): string {
  return [
    ...groups.map((group) => `group  ${group}`),
    ...users.map((user) => {
      const notes = [user.passwordHash === undefined && "without a password", user.disabled && "disabled"].filter(
        Boolean,
      );
      const inGroups = user.groups.length > 0 ? ` in ${user.groups.join(", ")}` : "";
      return `user   ${user.name}${inGroups}${notes.length > 0 ? ` (${notes.join(", ")})` : ""}`;
    }),
    ...rules.map((rule) => {
      const subject = rule.subjectKind === "everyone" ? "everyone" : `${rule.subjectKind} ${rule.subject}`;
      return `rule   ${rule.position} ${rule.effect} ${rule.action} ${rule.filter} for ${subject}`;
    }),
    ...bans.map(({ kind, value, untilMs }) => {
      return `ban    ${kind} ${value}${untilMs === null ? "" : ` until ${new Date(untilMs).toISOString()}`}`;
    }),
    ...left.map(({ where, why }) => `left behind: ${where}: ${why}`),
    `${groups.length} groups, ${users.length} users, ${rules.length} rules, ${bans.length} bans; ${left.length} left behind.`,
  ].join("\n");
}
