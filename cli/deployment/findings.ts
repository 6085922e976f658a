// Says what is missing or wrong about a deployment, and what to do about it. Each finding has a name that stays, so that a
// script can look for it.

import { secretVariables, variableNames } from "../../worker/config.ts";
import type { Account, Configuration, Facts, Live } from "./facts.ts";

/** An error keeps a deployment from working or from being safe; a warning costs money, messages or sleep. */
export type Severity = "error" | "warning";

export interface Finding {
  readonly id: string;
  readonly severity: Severity;
  readonly what: string;
  readonly remedy: string;
}

/** What the Worker cannot do without; a test holds it against worker/env.ts. */
export const requiredObjects: Readonly<Record<string, string>> = {
  SESSION: "SessionObject",
  GATE: "GateObject",
  TRACE: "TraceObject",
  SHARD: "TopicShard",
  RELAY: "RelayObject",
  DIRECTORY: "SessionDirectory",
};
export const requiredDatabases = ["CONTROL"];

/** From then on the runtime offers Node's modules unasked. */
const compatibilityDateMin = "2026-08-04";
const cpuMsMin = 300_000;
const subrequestsMin = 10_000;
const invocationLogRateMax = 0.1;
const updateDelaySecondsMax = 3_600;

export function findingsOf(facts: Facts): Finding[] {
  const { configuration, account, live } = facts;
  return [
    ...ofCheckout(facts),
    ...(configuration.type === "configuration"
      ? [...ofVariables(configuration), ...ofBindings(configuration), ...ofSettings(configuration)]
      : [
          error(
            "configuration-unreadable",
            configuration.problem,
            "Mend wrangler.toml, or name an environment it has.",
          ),
        ]),
    ...(account?.type === "account" ? ofAccount(account, facts) : []),
    ...(account?.type === "unreachable"
      ? [
          warning(
            "account-unreachable",
            `Cloudflare could not be asked about secrets and migrations: ${account.problem}`,
            "Log in with `npm run wrangler -- login` or set CLOUDFLARE_API_TOKEN, or leave this out with --offline.",
          ),
        ]
      : []),
    ...(live?.type === "live" ? ofLive(live) : []),
    ...(live?.type === "unreachable"
      ? [error("broker-unreachable", live.problem, "Is the address right, and is the Worker deployed?")]
      : []),
  ];
}

function ofCheckout({ trackedSecretFiles }: Facts): Finding[] {
  return trackedSecretFiles.map((file) =>
    error(
      "secret-in-git",
      `${file} holds secrets and is tracked by git.`,
      `Run \`git rm --cached ${file}\`, and replace every secret in it: whoever has the repository has them.`,
    ),
  );
}

function ofVariables({ variables, variableProblem }: Configuration): Finding[] {
  const findings: Finding[] = [];
  if (variableProblem !== undefined) {
    findings.push(error("variable-invalid", variableProblem, "See docs/configuration.md for what each may be."));
  }
  for (const name of Object.keys(variables)) {
    if ((secretVariables as readonly string[]).includes(name)) {
      findings.push(
        error(
          "secret-in-variables",
          `${name} is a secret and stands in [vars] of wrangler.toml.`,
          `Take it out, replace its value, and set it with \`npm run wrangler -- secret put ${name}\`.`,
        ),
      );
    } else if (!(variableNames as readonly string[]).includes(name)) {
      findings.push(
        warning(
          "variable-unknown",
          `${name} is not a variable of DurableMQ.`,
          "Is it misspelt? See docs/configuration.md.",
        ),
      );
    }
  }
  if (/^(true|1|yes|on|y|enabled)$/i.test(String(variables["ALLOW_ANONYMOUS"] ?? ""))) {
    findings.push(
      error(
        "open-to-anyone",
        "ALLOW_ANONYMOUS is true: whoever finds the address may connect.",
        "Set it to false, and make users: docs/authentication.md. `npm start` is open on this machine all the same.",
      ),
    );
  }
  return findings;
}

function ofBindings({ objects, databases, madeClasses, compatibilityDate }: Configuration): Finding[] {
  const findings: Finding[] = [];
  for (const [binding, className] of Object.entries(requiredObjects)) {
    if (objects[binding] !== className) {
      findings.push(
        error(
          "binding-missing",
          `${binding} is not bound to the class ${className}.`,
          `Add it to durable_objects.bindings in wrangler.toml; an environment does not inherit bindings.`,
        ),
      );
    }
    if (!madeClasses.includes(className)) {
      findings.push(
        error(
          "class-not-made",
          `No migration in wrangler.toml makes the class ${className}.`,
          "Append a [[migrations]] with new_sqlite_classes; never edit one that has been deployed.",
        ),
      );
    }
  }
  for (const binding of requiredDatabases) {
    if (databases[binding] !== undefined) continue;
    findings.push(
      error(
        "binding-missing",
        `No database is bound as ${binding}.`,
        "Add it to d1_databases in wrangler.toml; an environment does not inherit bindings.",
      ),
    );
  }
  if (compatibilityDate < compatibilityDateMin) {
    findings.push(
      error(
        "compatibility-date",
        `The compatibility date ${compatibilityDate || "(none)"} is before ${compatibilityDateMin}.`,
        "Take the one that wrangler.toml came with: the tests ran with it.",
      ),
    );
  }
  return findings;
}

function ofSettings(configuration: Configuration): Finding[] {
  const findings: Finding[] = [];
  if ((configuration.cpuMs ?? 0) < cpuMsMin) {
    findings.push(
      warning(
        "limit-cpu",
        "limits.cpu_ms is below 300000: a connection through /mqtt ends when it has used that much, counted from its start.",
        "Set it to 300000. On Workers Free there is no such limit to set: let clients use /mqtt/<client id> there.",
      ),
    );
  }
  if ((configuration.subrequests ?? subrequestsMin) < subrequestsMin) {
    findings.push(
      warning(
        "limit-subrequests",
        `limits.subrequests is ${configuration.subrequests}: wide fan-outs call more objects than that.`,
        "Set it to 100000, as shipped.",
      ),
    );
  }
  if (!configuration.logsAreKept) {
    findings.push(
      warning(
        "logs-off",
        "The Worker's logs are not kept: what was refused or dropped can only be counted, not looked up.",
        "Set observability.enabled to true.",
      ),
    );
  }
  if (configuration.invocationLogRate > invocationLogRateMax) {
    findings.push(
      warning(
        "logs-dear",
        "The platform logs each event of each object: with MQTT that is every packet, and it is billed.",
        "Set observability.logs.invocation_logs to false. The broker's own lines stay.",
      ),
    );
  }
  if (configuration.updateMode !== "deferred" || configuration.updateDelaySeconds > updateDelaySecondsMax) {
    findings.push(
      warning(
        "update-strategy",
        configuration.updateMode === "deferred"
          ? "Old and new code may run side by side for more than an hour after a deploy."
          : "A deploy resets every object at once, and all clients come again in the same moment.",
        'Set durable_objects.code_update_strategy to mode "deferred" with a max_delay of 300.',
      ),
    );
  }
  if (configuration.customDomains.length > 0 && configuration.answersOnWorkersDev) {
    findings.push(
      warning(
        "second-address",
        `Beside ${configuration.customDomains.join(", ")} the Worker answers on workers.dev too, past the rules of your zone.`,
        "Set workers_dev to false.",
      ),
    );
  }
  return findings;
}

function ofAccount({ isDeployed, secrets, pendingMigrations }: Account, facts: Facts): Finding[] {
  const flag = facts.environment === "" ? "" : ` -- --env ${facts.environment}`;
  if (!isDeployed) {
    return [warning("not-deployed", "There is no such Worker in this account yet.", `Run \`npm run deploy${flag}\`.`)];
  }
  const findings: Finding[] = [];
  const option = facts.environment === "" ? "" : ` --env ${facts.environment}`;
  const required = facts.configuration.type === "configuration" ? facts.configuration.requiredSecrets : [];
  for (const name of new Set(["ADMIN_KEY", ...required])) {
    if (secrets.includes(name)) continue;
    const what =
      name === "ADMIN_KEY"
        ? "The secret ADMIN_KEY is not set: nobody can use the HTTP API."
        : `The secret ${name} is not set.`;
    findings.push(error("secret-missing", what, `Run \`npm run wrangler -- secret put ${name}${option}\`.`));
  }
  for (const [binding, pending] of Object.entries(pendingMigrations)) {
    if (pending === undefined) {
      findings.push(
        error("database-missing", `The database ${binding} does not exist.`, `Run \`npm run deploy${flag}\`.`),
      );
    } else if (pending.length > 0) {
      findings.push(
        error(
          "migrations-pending",
          `The database ${binding} lacks ${pending.join(", ")}.`,
          `Run \`npm run deploy${flag}\`, or \`npm run wrangler -- d1 migrations apply ${binding} --remote${option}\`.`,
        ),
      );
    }
  }
  return findings;
}

function ofLive({ url, isLoopback, status, body, letsAnybodyIn }: Live): Finding[] {
  const findings: Finding[] = [];
  if (status !== 200) {
    findings.push(
      error("broker-unwell", `${url} answers ${status}: ${body.trim().slice(0, 500)}`, "What it says is what to mend."),
    );
  }
  if (letsAnybodyIn && !isLoopback) {
    findings.push(
      error(
        "open-to-anyone",
        `${url} let in a client without user name or password.`,
        "Set ALLOW_ANONYMOUS to false and deploy, and make users: docs/authentication.md.",
      ),
    );
  }
  return findings;
}

function error(id: string, what: string, remedy: string): Finding {
  return { id, severity: "error", what, remedy };
}

function warning(id: string, what: string, remedy: string): Finding {
  return { id, severity: "warning", what, remedy };
}
