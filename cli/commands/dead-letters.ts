// `durablemq webhooks dead-letters`: batches that an endpoint did not take.

import { Command, InvalidArgumentError } from "commander";
import { Api } from "../api.ts";
import { withApi } from "../options.ts";
import { printJson, printTable, time } from "../output.ts";
import { type Flags, pathOf, say } from "../webhooks/paths.ts";

interface Letter {
  readonly id: string;
  readonly batch: string;
  readonly atMs: number;
  readonly attempts: number;
  readonly items: number;
  readonly failure: { readonly reason: string; readonly detail: string };
  readonly isSentAgain: boolean;
}

interface OpenLetter extends Letter {
  readonly contents: readonly unknown[];
}

export function deadLettersCommand(): Command {
  return new Command("dead-letters")
    .summary("batches that its endpoint did not take")
    .description("Batches that a webhook's endpoint refused, or did not take in so many attempts.")
    .addCommand(
      withApi(new Command("list").description("Lists them, the oldest first.")).argument("<name>").action(runList),
    )
    .addCommand(
      withLetter(new Command("show").description("Prints what is in one, an item on each line.")).action(runShow),
    )
    .addCommand(
      withLetters(new Command("retry").description("Sends one again, or all, ahead of what waits.")).action(runRetry),
    )
    .addCommand(withLetters(new Command("discard").description("Forgets one, or all.")).action(runDiscard));
}

function withLetter(command: Command): Command {
  return withApi(command)
    .argument("<name>")
    .argument("<id>", "as the list has it", idOrNothing(/^\d{1,15}$/));
}

function withLetters(command: Command): Command {
  return withApi(command)
    .argument("<name>")
    .argument("<id>", "as the list has it, or all", idOrNothing(/^(\d{1,15}|all)$/));
}

function idOrNothing(shape: RegExp): (text: string) => string {
  return (text) => {
    if (shape.test(text)) return text;
    throw new InvalidArgumentError("It takes an id of the list.");
  };
}

export async function lettersOf(api: Api, name: string): Promise<Letter[]> {
  const letters: Letter[] = [];
  for await (const letter of api.list<Letter>(pathOf(name, "/dead-letters"), { limit: 1000 })) letters.push(letter);
  return letters;
}

export function printLetters(letters: readonly Letter[]): void {
  printTable(
    ["dead letter", "given up", "items", "attempts", "because", ""],
    letters.map(({ id, atMs, items, attempts, failure, isSentAgain }) => [
      id,
      time(atMs),
      items,
      attempts,
      `${failure.reason} ${failure.detail}`,
      isSentAgain ? "to be sent again" : "",
    ]),
  );
}

async function runList(name: string, flags: Flags): Promise<void> {
  const letters = await lettersOf(new Api(flags), name);
  if (flags.json) for (const letter of letters) printJson(letter);
  else printLetters(letters);
}

async function runShow(name: string, id: string, flags: Flags): Promise<void> {
  const letter = await new Api(flags).call<OpenLetter>("GET", pathOf(name, `/dead-letters/${id}`));
  if (flags.json) return printJson(letter);
  printLetters([letter]);
  console.log();
  for (const item of letter.contents) printJson(item);
}

async function runRetry(name: string, id: string, flags: Flags): Promise<void> {
  const answer = await new Api(flags).call<{ batches: number }>("POST", pathOf(name, `/dead-letters/${id}/send`));
  say(answer, `${answer.batches} to be sent again; durablemq webhooks show ${name} says what becomes of it.`, flags);
}

async function runDiscard(name: string, id: string, flags: Flags): Promise<void> {
  const answer = await new Api(flags).call<{ batches: number }>("DELETE", pathOf(name, `/dead-letters/${id}`));
  say(answer, `${answer.batches} forgotten.`, flags);
}
