// `durablemq templates`: what sessions have from their first moment, by the client ids that they are made for.

import { Command, Option } from "commander";
import { Api, type ApiFlags } from "../api.ts";
import { qosOption, wholeNumber, withApi } from "../options.ts";
import { printJson, printTable } from "../output.ts";

interface Template {
  readonly name: string;
  readonly position: number;
  readonly pattern: string;
  readonly subscriptions: readonly { readonly filter: string; readonly qos: number }[];
  readonly limits: Readonly<Record<string, unknown>>;
  readonly comment: string;
}

interface Flags extends ApiFlags {
  readonly json?: true;
}

interface SetFlags extends Flags {
  readonly subscribe?: readonly string[];
  readonly qos: number;
  readonly position?: number;
  readonly expiry?: number;
  readonly queueMessages?: number;
  readonly queuePolicy?: string;
  readonly comment?: string;
}

export function templatesCommand(): Command {
  return new Command("templates")
    .summary("what sessions have from their first moment")
    .description("Subscriptions and limits of sessions, by the client ids that they are made for.")
    .addCommand(withApi(new Command("list").description("Lists session templates.")).action(runList))
    .addCommand(
      withApi(new Command("set"))
        .description("Makes or replaces a template. Sessions that are there stay as they are.")
        .argument("<name>")
        .argument("<pattern>", "of client ids; * stands for any characters")
        .option("-s, --subscribe <filter...>", "what they subscribe to; %c is the client id, %u the user")
        .addOption(qosOption(1))
        .option("--position <number>", "of several that fit the lowest counts", wholeNumber(0, 1_000_000))
        .option("--expiry <seconds>", "how long they outlive their connections at most", wholeNumber(1, 0xffff_fffe))
        .option("--queue-messages <number>", "how many messages wait for them at most", wholeNumber(1, 10_000_000))
        .addOption(
          new Option("--queue-policy <policy>", "what becomes of more").choices([
            "reject",
            "drop-oldest",
            "drop-newest",
          ]),
        )
        .option("--comment <text>", "for who reads the list")
        .action(runSet),
    )
    .addCommand(
      withApi(new Command("remove").description("Removes a template. Sessions that were made with it stay."))
        .argument("<name>")
        .action(runRemove),
    );
}

async function runList(flags: Flags): Promise<void> {
  const rows: string[][] = [];
  for await (const template of new Api(flags).list<Template>("/templates", { limit: 1000 })) {
    if (flags.json) printJson(template);
    const { name, position, pattern, subscriptions, limits, comment } = template;
    rows.push([
      name,
      `${position}`,
      pattern,
      subscriptions.map(({ filter, qos }) => `${filter} ${qos}`).join(", "),
      Object.entries(limits)
        .map(([limit, value]) => `${limit} ${value}`)
        .join(", "),
      comment,
    ]);
  }
  if (!flags.json) printTable(["name", "position", "client ids", "subscriptions", "limits", "comment"], rows);
}

async function runSet(name: string, pattern: string, flags: SetFlags): Promise<void> {
  const { subscribe = [], qos, position, expiry, queueMessages, queuePolicy, comment } = flags;
  const limits = { sessionExpirySecondsMax: expiry, queueMessagesMax: queueMessages, queuePolicy };
  const subscriptions = subscribe.map((filter) => ({ filter, qos }));
  const body = { pattern, position, subscriptions, limits, comment };
  const template = await new Api(flags).call<Template>("PUT", pathOf(name), { body });
  if (flags.json) printJson(template);
  else console.log(`Sessions of ${pattern} have it from now on.`);
}

async function runRemove(name: string, flags: Flags): Promise<void> {
  await new Api(flags).call("DELETE", pathOf(name));
  if (flags.json) printJson({ name, removed: true });
  else console.log(`Removed ${name}.`);
}

function pathOf(name: string): string {
  return `/templates/${encodeURIComponent(name)}`;
}
