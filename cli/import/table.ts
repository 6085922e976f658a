// `durablemq import <table>`: a file that `durablemq export` has written, or somebody by hand.

import { text } from "node:stream/consumers";
import { Command, Option } from "commander";
import { Api, type ApiFlags } from "../api.ts";
import { Failure } from "../failure.ts";
import { readText } from "../files.ts";
import { withApi } from "../options.ts";
import { printJson } from "../output.ts";
import type { TableName } from "../tables.ts";

interface Flags extends ApiFlags {
  readonly format?: keyof typeof types;
  readonly existing: string;
  readonly dryRun?: true;
  readonly json?: true;
}

interface Outcome {
  readonly created: number;
  readonly replaced: number;
  readonly kept: number;
}

const types = { csv: "text/csv", json: "application/json", ndjson: "application/x-ndjson" } as const;

export function importTableCommand(table: TableName): Command {
  return withApi(new Command(table))
    .summary(`${table}, from CSV or JSON`)
    .description(
      `Imports ${table}: all of the file, or nothing if anything in it is wrong. Up to 10,000 rows and 8 MiB.`,
    )
    .argument("<file>", "- for standard input")
    .addOption(
      new Option("-f, --format <format>", "otherwise as the file's name ends").choices(Object.keys(types) as string[]),
    )
    .addOption(
      new Option("--existing <what>", "what becomes of those that are there already")
        .choices(["refuse", "keep", "replace"])
        .default("refuse"),
    )
    .option("--dry-run", "say what would become of it, and change nothing")
    .action((file: string, flags: Flags) => run(table, file, flags));
}

async function run(table: TableName, file: string, flags: Flags): Promise<void> {
  const format = flags.format ?? formatOf(file);
  const rows = file === "-" ? await text(process.stdin) : readText(file);
  const outcome = await new Api(flags).call<Outcome>("POST", `/import/${table}`, {
    query: { existing: flags.existing, dryRun: `${flags.dryRun === true}` },
    text: rows,
    headers: { "Content-Type": types[format] },
  });
  if (flags.json) return printJson(outcome);
  const { created, replaced, kept } = outcome;
  const said = `${created} new, ${replaced} replaced, ${kept} left as they were.`;
  console.log(flags.dryRun ? `It would be: ${said} Nothing was changed, as asked.` : said);
}

function formatOf(file: string): keyof typeof types {
  const [, ending = ""] = /\.(\w+)$/.exec(file) ?? [];
  if (ending in types) return ending as keyof typeof types;
  throw new Failure("The file's name does not say what it is: give --format csv, json or ndjson.");
}
