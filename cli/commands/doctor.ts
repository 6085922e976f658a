// `durablemq doctor`: what is missing or wrong about a deployment, and what to do about each.

import { Command, Option } from "commander";
import { type Finding, findingsOf } from "../deployment/findings.ts";
import { gather } from "../deployment/gather.ts";
import { configOption, environmentOption, parseBrokerUrl } from "../options.ts";
import { printJson } from "../output.ts";

interface DoctorFlags {
  readonly env: string;
  readonly config: string;
  readonly offline?: true;
  readonly url?: string;
  readonly json?: true;
}

export function doctorCommand(): Command {
  return new Command("doctor")
    .summary("say what is missing or misconfigured")
    .description(
      "Looks at wrangler.toml, at the account (secrets, migrations) and, with --url, at a broker that runs. Ends with 1 if something is an error.",
    )
    .addOption(environmentOption())
    .addOption(configOption())
    .addOption(new Option("--url <url>", "a broker to knock at, as clients reach it").argParser(parseBrokerUrl))
    .option("--offline", "do not ask Cloudflare about the account")
    .option("--json", "findings as JSON")
    .action(async (flags: DoctorFlags) => {
      const { env: environment, config: configPath, url } = flags;
      const facts = await gather({ configPath, environment, asksAccount: flags.offline !== true, url });
      const findings = findingsOf(facts);
      const errors = findings.filter(({ severity }) => severity === "error").length;
      const summary = {
        environment,
        asked: { account: facts.account?.type === "account", broker: facts.live?.type === "live" },
        errors,
        warnings: findings.length - errors,
        findings,
      };
      if (flags.json) printJson(summary);
      else console.log(describe(summary));
      if (errors > 0) process.exitCode = 1;
    });
}

interface Summary {
  readonly environment: string;
  readonly asked: { readonly account: boolean; readonly broker: boolean };
  readonly errors: number;
  readonly warnings: number;
  readonly findings: readonly Finding[];
}

function describe({ environment, asked, errors, warnings, findings }: Summary): string {
  const places = ["wrangler.toml", asked.account && "the account", asked.broker && "the broker"].filter(Boolean);
  const of = environment === "" ? "" : ` (${environment})`;
  const lines = findings.map(({ id, severity, what, remedy }) => `${severity} ${id}\n  ${what}\n  → ${remedy}\n`);
  const end =
    findings.length === 0 ? "Nothing is missing." : `${count(errors, "error")}, ${count(warnings, "warning")}.`;
  return [...lines, `Looked at ${places.join(", ")}${of}. ${end}`].join("\n");
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
