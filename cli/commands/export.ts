// `durablemq export`: a table of the control database, into a file or a pipe.

import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { Argument, Command, Option } from "commander";
import { Api, type ApiFlags } from "../api.ts";
import { Failure } from "../failure.ts";
import { unwritable } from "../files.ts";
import { apiKeyFileOption, apiUrlOption } from "../options.ts";
import { tableNames } from "../tables.ts";

interface Flags extends ApiFlags {
  readonly format: "csv" | "json" | "ndjson";
  readonly output?: string;
  readonly json?: true;
}

export function exportCommand(): Command {
  return new Command("export")
    .summary("write users, rules, bans and so on into a file")
    .description("Writes all rows of a table: to import them elsewhere, or to look at them in a spreadsheet.")
    .addArgument(new Argument("<table>").choices([...tableNames, "audit"]))
    .addOption(
      new Option("-f, --format <format>", "how rows are written").choices(["csv", "json", "ndjson"]).default("csv"),
    )
    .option("-o, --output <file>", "instead of standard output")
    .option("--json", "the same as --format ndjson: one JSON value on each line, for scripts")
    .addOption(apiUrlOption())
    .addOption(apiKeyFileOption())
    .addHelpText("after", "\nAn export of users holds the hashes of their passwords: keep it like passwords.")
    .action(runExport);
}

async function runExport(table: string, flags: Flags): Promise<void> {
  const format = flags.json ? "ndjson" : flags.format;
  const body = await new Api(flags).stream("GET", `/export/${table}`, { query: { format } });
  const from = Readable.fromWeb(body as ReadableStream);
  if (flags.output === undefined) for await (const chunk of from) process.stdout.write(chunk as Uint8Array);
  else await writeInto(flags.output, from);
}

async function writeInto(file: string, from: Readable): Promise<void> {
  try {
    await pipeline(from, createWriteStream(file, { mode: 0o600 }));
  } catch (error) {
    throw error instanceof Failure ? error : unwritable(file, error);
  }
}
