// `npm run chaos`: lives through as many worlds as there is time for, and prints a verdict. Options:
//
//   --seconds 60     how long
//   --worlds 100     how many worlds, instead of how long
//   --seed 1         the first seed; without it, one from the clock
//   --threads 2      how many worlds at once
//   --harsh          with more than the broker withstands so far: see docs/reliability.md
//   --profile name   only worlds of this deployment: see test/sim/profiles.ts
//   --mutant name    with a mistake made on purpose: see test/sim/mutants.ts
//   --trace          prints everything that happens in the world of --seed
//
// The seeds of worlds in which a promise was broken are added to chaos-failures.log.

import { appendFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { explore, exploreOne } from "./explorer.ts";
import { profiles } from "./profiles.ts";
import type { Verdict } from "./verdict.ts";

const failuresFile = "chaos-failures.log";
const progressEveryMs = 10_000;
const instancesShown = 3;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    worlds: { type: "string" },
    seed: { type: "string", default: `${Date.now() % 1_000_000_000}` },
    threads: { type: "string", default: `${availableParallelism()}` },
    harsh: { type: "boolean", default: false },
    profile: { type: "string" },
    mutant: { type: "string" },
    trace: { type: "boolean", default: false },
  },
});

const firstSeed = wholeNumber("seed");
const options = { harsh: values.harsh, profile: values.profile, mutant: values.mutant };
const flags = [
  values.harsh ? "--harsh" : "",
  values.profile === undefined ? "" : `--profile ${values.profile}`,
  values.mutant === undefined ? "" : `--mutant ${values.mutant}`,
].filter((flag) => flag !== "");
if (values.profile !== undefined && !(values.profile in profiles)) {
  console.error(`There is no profile ${values.profile}, but ${Object.keys(profiles).join(", ")}.`);
  process.exit(2);
}

if (values.trace) {
  const { verdict, trace } = await exploreOne(firstSeed, { ...options, traces: true });
  for (const line of trace) console.log(line);
  describe(verdict);
  process.exit(isBroken(verdict) ? 1 : 0);
}

const untilMs = values.worlds === undefined ? Date.now() + wholeNumber("seconds") * 1000 : Number.POSITIVE_INFINITY;
const worldsMax = values.worlds === undefined ? Number.POSITIVE_INFINITY : wholeNumber("worlds");
const startedMs = Date.now();
const total = { worlds: 0, broken: 0, messages: 0, deliveries: 0, turns: 0, resets: 0, evictions: 0 };
console.log(`Worlds from seed ${firstSeed} on ${flags.join(" ")}`);
const progress = setInterval(() => console.log(summary()), progressEveryMs);
await explore({ ...options, seeds: seeds(), threads: wholeNumber("threads") }, ({ verdict }) => {
  total.worlds++;
  for (const key of ["messages", "deliveries", "turns", "resets", "evictions"] as const) total[key] += verdict[key];
  if (isBroken(verdict)) {
    total.broken++;
    describe(verdict);
    keep(verdict);
  }
  return false;
});
clearInterval(progress);
console.log(summary());
console.log(
  total.broken === 0
    ? "Every promise was kept."
    : `Broken in ${total.broken} worlds; their seeds are in ${failuresFile}. One becomes a test in test/sim/regressions.ts.`,
);
process.exitCode = total.broken === 0 ? 0 : 1;

function* seeds(): Generator<number> {
  for (let count = 0; count < worldsMax && Date.now() < untilMs; count++) yield firstSeed + count;
}

function wholeNumber(name: "seconds" | "worlds" | "seed" | "threads"): number {
  const text = values[name] ?? "";
  if (!/^\d{1,9}$/.test(text)) {
    console.error(`--${name} takes a whole number, not "${text}".`);
    process.exit(2);
  }
  return Number(text);
}

function isBroken({ broken }: Verdict): boolean {
  return Object.keys(broken).length > 0;
}

function describe({ seed, profile, broken }: Verdict): void {
  for (const [promise, instances] of Object.entries(broken)) {
    console.log(`seed ${seed} (${profile}): ${promise}, ${instances.length} times`);
    for (const instance of instances.slice(0, instancesShown)) console.log(`  ${instance}`);
  }
}

function keep({ seed, profile, broken }: Verdict): void {
  const promises = Object.keys(broken).join(", ");
  appendFileSync(failuresFile, `${["--seed", seed, ...flags].join(" ")} (${profile}): ${promises}\n`);
}

function summary(): string {
  const { worlds, messages, deliveries, turns, resets, evictions } = total;
  const seconds = (Date.now() - startedMs) / 1000;
  const perSecond = (count: number) => Math.round(count / seconds);
  const rates = `${perSecond(messages)} messages, ${perSecond(deliveries)} deliveries and ${perSecond(turns)} turns a second`;
  return `${worlds} worlds in ${Math.round(seconds)} s: ${rates}; ${resets} resets, ${evictions} evictions`;
}
