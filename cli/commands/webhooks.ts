// `durablemq webhooks`: where messages and events go over HTTP or into a queue of the platform, how each is doing, and what its
// endpoint did not take.

import { Command } from "commander";
import { Api } from "../api.ts";
import { Failure } from "../failure.ts";
import { wholeNumber, withApi } from "../options.ts";
import { printJson, printTable, time } from "../output.ts";
import { type ChangeFlags, type Fields, fieldsOf, withFields } from "../webhooks/fields.ts";
import { type Flags, pathOf, say } from "../webhooks/paths.ts";
import { deadLettersCommand, lettersOf, printLetters } from "./dead-letters.ts";

interface Webhook extends Fields {
  readonly name: string;
  readonly url: string | null;
  readonly queue: string | null;
  readonly filters: readonly string[];
  readonly events: readonly string[];
  readonly isPaused: boolean;
  readonly secret?: string;
}

interface Status {
  readonly isSending: boolean;
  readonly queueMessages: number;
  readonly queueBytes: number;
  readonly oldestQueuedAtMs: number | null;
  readonly attempts: number;
  readonly failuresInARow: number;
  readonly nextAttemptAtMs: number | null;
  readonly lastSuccessAtMs: number | null;
  readonly lastFailure: { readonly atMs: number; readonly reason: string; readonly detail: string } | null;
  readonly delivered: { readonly batches: number; readonly items: number };
  readonly failedAttempts: number;
  readonly drops: Readonly<Record<string, number>>;
  readonly deadLetters: { readonly batches: number; readonly bytes: number };
}

interface TestOutcome {
  readonly isDelivered: boolean;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly tookMs: number;
}

const lettersShown = 10;

export function webhooksCommand(): Command {
  return new Command("webhooks")
    .summary("send messages and events to HTTP endpoints or queues")
    .description(
      "Webhooks get messages by filter, and hear what happens to clients, over HTTP or through a Cloudflare Queue.",
    )
    .addCommand(withApi(new Command("list").description("Lists webhooks.")).action(runList))
    .addCommand(
      withApi(new Command("show"))
        .description("Shows a webhook: what it is, what waits for it, and its latest dead letters.")
        .argument("<name>")
        .option("--letters <number>", "so many dead letters at most", wholeNumber(0, 1_000), lettersShown)
        .action(runShow),
    )
    .addCommand(
      withFields(withApi(new Command("add").description("Makes a webhook, and prints its secret this once.")))
        .argument("<name>", "letters, digits, - and _")
        .addHelpText(
          "after",
          `
Everything is kept for it from then on. What it is sent is signed with the secret: see docs/webhooks.md. For example:
  durablemq webhooks add orders --url https://example.com/mqtt --filter 'orders/#'
  durablemq webhooks add audit --url https://example.com/events --event client.connected client.disconnected`,
        )
        .action(runAdd),
    )
    .addCommand(
      withFields(withApi(new Command("set").description("Changes a webhook; what is not named stays.")))
        .argument("<name>")
        .action(runSet),
    )
    .addCommand(
      named("remove", "Removes a webhook, with what waits for it and its dead letters.", async (name, flags) => {
        await new Api(flags).call("DELETE", pathOf(name));
        say({ name, removed: true }, `Removed ${name}.`, flags);
      }),
    )
    .addCommand(named("pause", "Sends nothing more; what comes is kept.", turn("pause", "Paused")))
    .addCommand(named("resume", "Sends again, beginning with what has waited.", turn("resume", "Resumed")))
    .addCommand(named("test", "Sends one item of the type `test` now, and says what came of it.", runTest))
    .addCommand(
      named("secret", "Renews the secret, and prints it this once. For a day the old one signs as well.", runSecret),
    )
    .addCommand(deadLettersCommand());
}

function named(verb: string, description: string, action: (name: string, flags: Flags) => Promise<void>): Command {
  return withApi(new Command(verb).description(description)).argument("<name>").action(action);
}

async function runList(flags: Flags): Promise<void> {
  const rows: string[][] = [];
  for await (const webhook of new Api(flags).list<Webhook>("/webhooks", { limit: 1000 })) {
    if (flags.json) printJson(webhook);
    const { name, url, queue, filters, events, isPaused } = webhook;
    rows.push([name, url ?? `queue ${queue}`, filters.join(", "), events.join(", "), isPaused ? "paused" : ""]);
  }
  if (!flags.json) printTable(["name", "goes to", "filters", "events", ""], rows);
}

async function runShow(name: string, flags: Flags & { readonly letters: number }): Promise<void> {
  const api = new Api(flags);
  const [webhook, status] = await Promise.all([
    api.call<Webhook>("GET", pathOf(name)),
    api.call<Status>("GET", pathOf(name, "/status")),
  ]);
  const all = await lettersOf(api, name);
  const letters = all.slice(Math.max(0, all.length - flags.letters));
  if (flags.json) return printJson({ ...webhook, status, deadLetters: letters });
  const { name: _name, filters, events, isPaused, ...rest } = webhook;
  printTable(
    [name, ""],
    [
      ["filters", filters.join(", ")],
      ["events", events.join(", ")],
      ...Object.entries(rest)
        .filter(([, value]) => value !== null && value !== "")
        .map(([field, value]) => [field, field.endsWith("AtMs") ? time(value as number) : `${value}`]),
      ["state", isPaused ? "paused" : status.isSending ? "sending" : "ready"],
      ...statusRows(status),
    ],
  );
  if (letters.length === 0) return;
  console.log();
  printLetters(letters);
}

function statusRows(status: Status): string[][] {
  const { lastFailure, delivered, deadLetters, drops } = status;
  const failure = lastFailure === null ? "" : `${time(lastFailure.atMs)} ${lastFailure.reason} ${lastFailure.detail}`;
  return [
    ["waiting", `${status.queueMessages} (${status.queueBytes} bytes)`],
    ["waiting since", time(status.oldestQueuedAtMs)],
    ["attempts of this batch", `${status.attempts}`],
    ["failures in a row", `${status.failuresInARow}`],
    ["next attempt", time(status.nextAttemptAtMs)],
    ["last success", time(status.lastSuccessAtMs)],
    ["last failure", failure],
    ["delivered", `${delivered.items} in ${delivered.batches} batches`],
    ["failed attempts", `${status.failedAttempts}`],
    [
      "dropped",
      Object.entries(drops)
        .map(([reason, count]) => `${reason} ${count}`)
        .join(", "),
    ],
    ["dead letters", `${deadLetters.batches} (${deadLetters.bytes} bytes)`],
  ];
}

async function runAdd(name: string, flags: ChangeFlags): Promise<void> {
  const body = { ...(await fieldsOf(flags)), name };
  showSecret(await new Api(flags).call<Webhook>("POST", "/webhooks", { body }), `Made ${name}.`, flags);
}

async function runSet(name: string, flags: ChangeFlags): Promise<void> {
  const body = await fieldsOf(flags);
  if (Object.values(body).every((value) => value === undefined)) throw new Failure("Say what to change: see --help.");
  say(await new Api(flags).call<Webhook>("PATCH", pathOf(name), { body }), `Changed ${name}.`, flags);
}

function turn(verb: "pause" | "resume", word: string) {
  return async (name: string, flags: Flags): Promise<void> =>
    say(await new Api(flags).call<Webhook>("POST", pathOf(name, `/${verb}`)), `${word} ${name}.`, flags);
}

async function runTest(name: string, flags: Flags): Promise<void> {
  const outcome = await new Api(flags).call<TestOutcome>("POST", pathOf(name, "/test"));
  const { isDelivered, reason, detail, tookMs } = outcome;
  say(outcome, isDelivered ? `Taken after ${tookMs} ms.` : `Not taken: ${reason}. ${detail}`, flags);
  if (!isDelivered) process.exitCode = 1;
}

async function runSecret(name: string, flags: Flags): Promise<void> {
  showSecret(await new Api(flags).call<Webhook>("POST", pathOf(name, "/secret")), `Renewed that of ${name}.`, flags);
}

function showSecret(webhook: Webhook, words: string, flags: Flags): void {
  say(webhook, `${words} Its secret, shown this once: ${webhook.secret}`, flags);
}
