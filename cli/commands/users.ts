// `durablemq users`: those who prove with a password who they are.

import { text } from "node:stream/consumers";
import { Command } from "commander";
import { askHidden, withoutLineEnd } from "../../scripts/ask.mjs";
import { Api, type ApiFlags } from "../api.ts";
import { Failure } from "../failure.ts";
import { readText } from "../files.ts";
import { withApi } from "../options.ts";
import { printJson, printTable, time } from "../output.ts";

interface User {
  readonly name: string;
  readonly hasPassword: boolean;
  readonly groups: readonly string[];
  readonly disabled: boolean;
  readonly comment: string;
  readonly changedAtMs: number;
}

interface Flags extends ApiFlags {
  readonly json?: true;
}

interface ChangeFlags extends Flags {
  readonly passwordFile?: string;
  readonly password?: boolean;
  readonly group?: readonly string[];
  readonly comment?: string;
  readonly disable?: true;
  readonly enable?: true;
}

export function usersCommand(): Command {
  return new Command("users")
    .summary("list, add, change and remove users")
    .description("Those who prove with a password who they are. Changes take effect at once.")
    .addCommand(withApi(new Command("list").description("Lists users.")).action(runList))
    .addCommand(
      withChanges(new Command("add").description("Adds a user; asks for the password."))
        .argument("<name>")
        .option("--no-password", "without a password: for device keys and tokens")
        .action(runAdd),
    )
    .addCommand(
      withChanges(new Command("set").description("Changes a user; what is not named stays."))
        .argument("<name>")
        .option("--password", "another password; asks for it")
        .option("--disable", "may not connect any more")
        .option("--enable", "may connect again")
        .action(runSet),
    )
    .addCommand(
      withApi(new Command("remove").description("Removes a user, with its keys and rules."))
        .argument("<name>")
        .action(runRemove),
    );
}

function withChanges(command: Command): Command {
  return withApi(command)
    .option("--password-file <file>", "file with the password; - for standard input")
    .option("--group <name...>", "groups that it belongs to")
    .option("--comment <text>", "for who reads the list");
}

async function runList(flags: Flags): Promise<void> {
  const rows: string[][] = [];
  for await (const user of new Api(flags).list<User>("/users", { limit: 1000 })) {
    if (flags.json) printJson(user);
    const { name, hasPassword, groups, disabled, changedAtMs, comment } = user;
    rows.push([
      name,
      hasPassword ? "yes" : "no",
      groups.join(", "),
      disabled ? "disabled" : "",
      time(changedAtMs),
      comment,
    ]);
  }
  if (!flags.json) printTable(["name", "password", "groups", "", "changed", "comment"], rows);
}

async function runAdd(name: string, flags: ChangeFlags): Promise<void> {
  const password = flags.password === false ? undefined : await passwordOf(name, flags);
  const { group: groups, comment } = flags;
  const user = await new Api(flags).call<User>("POST", "/users", { body: { name, password, groups, comment } });
  say(user, `Added ${name}.`, flags);
}

async function runSet(name: string, flags: ChangeFlags): Promise<void> {
  if (flags.disable && flags.enable) throw new Failure("Give either --disable or --enable.");
  const isNew = flags.password === true || flags.passwordFile !== undefined;
  const password = isNew ? await passwordOf(name, flags) : undefined;
  const disabled = flags.disable ? true : flags.enable ? false : undefined;
  const { group: groups, comment } = flags;
  const body = { password, groups, comment, disabled };
  if (Object.values(body).every((value) => value === undefined)) throw new Failure("Say what to change: see --help.");
  say(await new Api(flags).call<User>("PATCH", pathOf(name), { body }), `Changed ${name}.`, flags);
}

async function runRemove(name: string, flags: Flags): Promise<void> {
  await new Api(flags).call("DELETE", pathOf(name));
  say({ name, removed: true }, `Removed ${name}.`, flags);
}

function say(value: unknown, words: string, { json }: Flags): void {
  if (json) printJson(value);
  else console.log(words);
}

function pathOf(name: string): string {
  return `/users/${encodeURIComponent(name)}`;
}

/** Never from an argument, which every user of the machine can read. */
async function passwordOf(name: string, { passwordFile }: ChangeFlags): Promise<string> {
  if (passwordFile !== undefined && passwordFile !== "-") return withoutLineEnd(readText(passwordFile));
  if (passwordFile === "-" || !process.stdin.isTTY) return withoutLineEnd(await text(process.stdin));
  return askHidden(`Password of ${name}: `);
}
