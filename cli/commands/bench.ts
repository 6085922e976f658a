// `durablemq bench`: how fast the broker is from here, with the load generator that its own measurements use.

import { Command } from "commander";
import { readOptions } from "../../bench/load/options.ts";
import { payloadLayout } from "../../bench/load/packets.ts";
import { type LoadResult, runLoad } from "../../bench/load/run.ts";
import { Failure } from "../failure.ts";
import {
  brokerUrlOption,
  jsonOption,
  passwordFileOption,
  passwordFrom,
  qosOption,
  userOption,
  wholeNumber,
} from "../options.ts";
import { printJson, printTable, progress } from "../output.ts";

interface BenchFlags {
  readonly url: string;
  readonly qos: 0 | 1 | 2;
  readonly messages?: number;
  readonly seconds?: number;
  readonly payload: number;
  readonly window: number;
  readonly publishers: number;
  readonly subscribers: number;
  readonly rate?: number;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly json?: true;
}

export function benchCommand(): Command {
  return new Command("bench")
    .summary("measure throughput and latency")
    .description(
      "Publishes and subscribes as fast as the window allows, sees that every message arrives once and in order, and says how long they took.",
    )
    .addOption(brokerUrlOption())
    .addOption(qosOption(1))
    .option(
      "-n, --messages <number>",
      "messages of each publisher; 20000 unless --seconds is given",
      wholeNumber(1, 10_000_000),
    )
    .option("-s, --seconds <number>", "publish for so long instead", wholeNumber(1, 3_600))
    .option("--payload <bytes>", "size of a message", wholeNumber(payloadLayout.bytesMin, 1_000_000), 100)
    .option("--window <number>", "messages under way, for each publisher", wholeNumber(1, 60_000), 256)
    .option("--publishers <number>", "clients that publish", wholeNumber(1, 1_000), 1)
    .option("--subscribers <number>", "clients that each get all of it", wholeNumber(1, 1_000), 1)
    .option("--rate <number>", "messages a second, of all publishers", wholeNumber(1, 10_000_000))
    .addOption(userOption())
    .addOption(passwordFileOption())
    .addOption(jsonOption())
    .action(runBench);
}

async function runBench(flags: BenchFlags): Promise<void> {
  const { json, user, passwordFile, ...given } = flags;
  const plain = readOptions(Object.entries(given).flatMap(([name, value]) => [`--${name}`, `${value}`]));
  const options =
    user === undefined ? plain : { ...plain, credentials: { user, password: passwordFrom(passwordFile) ?? "" } };
  const shown = await progress("Connecting and warming up");
  const result = await runLoad(options, async (step) => {
    shown.now(step === "ready" ? "Measuring" : "Counting what has arrived");
  }).catch((error: Error) => {
    shown.end("Stopped");
    throw new Failure(`The measurement failed: ${error.message}`);
  });
  shown.end(`${result.messages} messages in ${result.seconds.toFixed(1)} s`);
  if (json) printJson(result);
  else printResult(result);
  if (!result.complete) {
    const { missing, duplicates, outOfOrder, unfinished } = result;
    throw new Failure(
      `Not in order: ${missing} missing, ${duplicates} duplicates, ${outOfOrder} out of order, ${unfinished} unfinished.`,
    );
  }
}

function printResult(result: LoadResult): void {
  const { latency } = result;
  printTable(
    ["measured", ""],
    [
      ["messages a second", Math.round(result.messagesPerSecond).toLocaleString("en")],
      ["deliveries a second", Math.round(result.deliveriesPerSecond).toLocaleString("en")],
      ["latency, half of them within", milliseconds(latency.p50Ms)],
      ["latency, 99 of 100 within", milliseconds(latency.p99Ms)],
      ["latency, all within", milliseconds(latency.maxMs)],
      ["share of one core that this took", `${Math.round(result.generatorCpuShare * 100)} %`],
    ],
  );
}

function milliseconds(value: number): string {
  return `${value.toFixed(1)} ms`;
}
