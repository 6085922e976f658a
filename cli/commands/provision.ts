// `durablemq provision`: a session with its subscriptions, before its client ever connects. What is published from then on waits
// for it.

import { Command } from "commander";
import { Api, type ApiFlags } from "../api.ts";
import { qosOption, wholeNumber, withApi } from "../options.ts";
import { printJson, printTable } from "../output.ts";

interface Flags extends ApiFlags {
  readonly subscribe: readonly string[];
  readonly qos: number;
  readonly expiry?: number;
  readonly json?: true;
}

interface Provisioned {
  readonly clientId: string;
  readonly created: boolean;
  readonly subscriptions: readonly Readonly<Record<string, unknown>>[];
}

export function provisionCommand(): Command {
  return withApi(new Command("provision"))
    .summary("make a session before its client connects")
    .description("Makes a session that keeps what its filters match, from now on. Done twice, it changes nothing.")
    .argument("<client-id>")
    .requiredOption("-s, --subscribe <filter...>", "what it subscribes to")
    .addOption(qosOption(2))
    .option(
      "--expiry <seconds>",
      "how long it waits for its client, and outlives it; for ever unless given",
      wholeNumber(1, 0xffff_fffe),
    )
    .action(runProvision);
}

async function runProvision(clientId: string, flags: Flags): Promise<void> {
  const subscriptions = flags.subscribe.map((filter) => ({ filter, qos: flags.qos }));
  const body = { subscriptions, ...(flags.expiry === undefined ? {} : { expirySeconds: flags.expiry }) };
  const path = `/sessions/${encodeURIComponent(clientId)}`;
  const answer = await new Api(flags).call<Provisioned>("PUT", path, { body });
  if (flags.json) return printJson(answer);
  console.log(answer.created ? `Made a session for ${clientId}.` : `Brought the session of ${clientId} into line.`);
  const [first] = answer.subscriptions;
  if (first === undefined) return;
  const head = Object.keys(first);
  printTable(
    head,
    answer.subscriptions.map((one) => head.map((name) => `${one[name] ?? ""}`)),
  );
}
