// `durablemq acl`: what a client may do, and why.

import { Command, InvalidArgumentError } from "commander";
import { Api, type ApiFlags } from "../api.ts";
import { qosOption, withApi } from "../options.ts";
import { printJson, printTable, time } from "../output.ts";

interface Verdict {
  readonly isAllowed: boolean;
  readonly why: string;
  readonly remedy: string | null;
  readonly rulesTried: number;
}

interface Refusal {
  readonly atMs: number;
  readonly reason: string;
  readonly count: number;
  readonly detail: string;
  readonly remedy: string;
}

interface TestFlags extends ApiFlags {
  readonly user?: string;
  readonly clientId: string;
  readonly qos: 0 | 1 | 2;
  readonly retain?: true;
  readonly group?: readonly string[];
  readonly json?: true;
}

export function aclCommand(): Command {
  return new Command("acl")
    .summary("ask what a client may do, and why")
    .description("Asks the broker for its decisions. Nothing happens.")
    .addCommand(
      withApi(new Command("test"))
        .description("May this client publish or subscribe there? Says which rule decides, and what would change it.")
        .argument("<action>", "publish or subscribe", action)
        .argument("<topic>", "a topic, or a filter for subscribe")
        .option("--user <name>", "who it is; anonymous without it")
        .option("-i, --client-id <id>", "its client id", "a-client")
        .option("--group <name...>", "groups that its token names")
        .option("-r, --retain", "publishes with RETAIN")
        .addOption(qosOption(0))
        .addHelpText(
          "after",
          `
It ends with 0 if the client may, and with 1 if it may not.

Examples:
  durablemq acl test publish rooms/kitchen/light --user anna
  durablemq acl test subscribe 'rooms/#' --user anna --client-id anna-phone`,
        )
        .action(runTest),
    )
    .addCommand(
      withApi(new Command("refusals"))
        .description("What a client was refused lately.")
        .argument("<client-id>")
        .action(runRefusals),
    );
}

async function runTest(what: "publish" | "subscribe", topic: string, flags: TestFlags): Promise<void> {
  const { user, clientId, qos, retain = false, group: groups } = flags;
  const body = { user, clientId, groups, action: what, topic, qos, retain };
  const verdict = await new Api(flags).call<Verdict>("POST", "/explain", { body });
  if (!verdict.isAllowed) process.exitCode = 1;
  if (flags.json) return printJson(verdict);
  const who = user === undefined ? `An anonymous client ${clientId}` : `${user}, as client ${clientId},`;
  console.log(
    `${who} ${verdict.isAllowed ? "may" : "may not"} ${what} ${what === "publish" ? "to" : "to the filter"} ${topic}.`,
  );
  console.log(`Because ${verdict.why}; ${verdict.rulesTried} rules were there to be tried.`);
  if (verdict.remedy !== null) console.log(`To allow it: ${verdict.remedy}`);
}

async function runRefusals(clientId: string, flags: ApiFlags & { readonly json?: true }): Promise<void> {
  const { items } = await new Api(flags).call<{ items: readonly Refusal[] }>(
    "GET",
    `/explain/clients/${encodeURIComponent(clientId)}`,
  );
  if (flags.json) {
    for (const item of items) printJson(item);
    return;
  }
  printTable(
    ["when", "reason", "times", "detail", "what to do"],
    items.map(({ atMs, reason, count, detail, remedy }) => [time(atMs), reason, count, detail, remedy]),
  );
}

function action(text: string): "publish" | "subscribe" {
  if (text === "publish" || text === "subscribe") return text;
  throw new InvalidArgumentError("It is publish or subscribe.");
}
