// Collects what is known about a deployment: from this checkout, from wrangler.toml as wrangler reads it, from the account if
// it can be asked, and from a broker that runs.

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { parseConfig, type Variables } from "../../worker/config.ts";
import { root } from "../root.ts";
import type { Account, Configuration, Facts, Live, Unreachable, Unreadable } from "./facts.ts";
import { requiredDatabases } from "./findings.ts";
import { knock } from "./knock.ts";
import { ask } from "./wrangler.ts";

export interface Look {
  readonly configPath: string;
  readonly environment: string;
  readonly asksAccount: boolean;
  /** Of a broker that runs, as clients reach it. */
  readonly url: string | undefined;
}

export async function gather({ configPath, environment, asksAccount, url }: Look): Promise<Facts> {
  return {
    environment,
    configuration: readConfiguration(configPath, environment),
    trackedSecretFiles: trackedSecretFiles(),
    account: asksAccount ? await askAccount(configPath, environment) : undefined,
    live: url === undefined ? undefined : await lookAt(url),
  };
}

/** What is read of it; the types of wrangler's own package are not all there. */
interface WranglerConfig {
  readonly name?: string;
  readonly compatibility_date?: string;
  readonly vars: Variables & Readonly<Record<string, unknown>>;
  readonly secrets?: { readonly required?: readonly string[] };
  readonly durable_objects: {
    readonly bindings: readonly { readonly name: string; readonly class_name: string }[];
    readonly code_update_strategy?: { readonly mode: string; readonly max_delay?: number };
  };
  readonly migrations: readonly { readonly new_sqlite_classes?: readonly string[] }[];
  readonly d1_databases: readonly { readonly binding: string; readonly database_name?: string }[];
  readonly limits?: { readonly cpu_ms?: number; readonly subrequests?: number };
  readonly observability?: {
    readonly enabled?: boolean;
    readonly head_sampling_rate?: number;
    readonly logs?: {
      readonly enabled?: boolean;
      readonly head_sampling_rate?: number;
      readonly invocation_logs?: boolean;
    };
  };
  readonly route?: Route;
  readonly routes?: readonly Route[];
  readonly workers_dev?: boolean;
}

type Route = string | { readonly pattern: string; readonly custom_domain?: boolean };

export function readConfiguration(configPath: string, environment: string): Configuration | Unreadable {
  // It takes half a second to load, which the other commands do not need; with `import` it would take another second.
  const { unstable_readConfig } = createRequire(import.meta.url)("wrangler") as typeof import("wrangler");
  let config: WranglerConfig;
  try {
    // Without a file wrangler goes by its defaults.
    readFileSync(configPath);
    config = unstable_readConfig({ config: configPath, env: environment }, { hideWarnings: true }) as WranglerConfig;
  } catch (error) {
    return { type: "unreadable", problem: (error as Error).message };
  }
  const { observability, limits } = config;
  const strategy = config.durable_objects.code_update_strategy;
  const logsAreKept = observability?.logs?.enabled ?? observability?.enabled ?? false;
  const rate = observability?.logs?.head_sampling_rate ?? observability?.head_sampling_rate ?? 1;
  const routes = [config.route, ...(config.routes ?? [])].filter((route) => route !== undefined);
  return {
    type: "configuration",
    name: config.name ?? "",
    compatibilityDate: config.compatibility_date ?? "",
    variables: { ...config.vars },
    variableProblem: problemOf(config.vars),
    objects: Object.fromEntries(config.durable_objects.bindings.map((one) => [one.name, one.class_name])),
    databases: Object.fromEntries(config.d1_databases.map((one) => [one.binding, one.database_name ?? ""])),
    madeClasses: config.migrations.flatMap((one) => one.new_sqlite_classes ?? []),
    cpuMs: limits?.cpu_ms,
    subrequests: limits?.subrequests,
    logsAreKept,
    invocationLogRate: logsAreKept && observability?.logs?.invocation_logs !== false ? rate : 0,
    updateMode: strategy?.mode,
    updateDelaySeconds: strategy?.max_delay ?? 300,
    requiredSecrets: config.secrets?.required ?? [],
    customDomains: routes.flatMap((route) => (typeof route === "object" && route.custom_domain ? [route.pattern] : [])),
    answersOnWorkersDev: config.workers_dev ?? routes.length === 0,
  };
}

function problemOf(variables: Variables): string | undefined {
  try {
    parseConfig(variables);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function trackedSecretFiles(): string[] {
  const { stdout = "" } = spawnSync("git", ["ls-files", ".dev.vars", ".dev.vars.*", ".env", ".env.*"], {
    cwd: root,
    encoding: "utf8",
  });
  return (stdout ?? "").split("\n").filter((file) => file !== "" && !file.endsWith(".example"));
}

const secretsOptions = ["--format", "json"];
/** How wrangler says that there is no such Worker, or no such database. */
const noWorker = /10007|does not exist|not found/i;
export const noDatabase = /couldn't find a D1 DB|couldn't find an auto-provisioned/i;

async function askAccount(configPath: string, environment: string): Promise<Account | Unreachable> {
  const target = ["--config", configPath, "--env", environment];
  const { code, output, stdout } = await ask(["secret", "list", ...secretsOptions, ...target]);
  if (code !== 0) {
    if (noWorker.test(output)) return { type: "account", isDeployed: false, secrets: [], pendingMigrations: {} };
    return { type: "unreachable", problem: firstLine(output) };
  }
  const secrets = (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
  const pendingMigrations: Record<string, readonly string[] | undefined> = {};
  for (const binding of requiredDatabases) {
    const listed = await ask(["d1", "migrations", "list", binding, "--remote", ...target]);
    if (listed.code !== 0 && !noDatabase.test(listed.output)) {
      return { type: "unreachable", problem: firstLine(listed.output) };
    }
    pendingMigrations[binding] =
      listed.code === 0 ? migrationFiles().filter((file) => listed.output.includes(file)) : undefined;
  }
  return { type: "account", isDeployed: true, secrets, pendingMigrations };
}

function migrationFiles(): string[] {
  return readdirSync(join(root, "migrations"))
    .filter((name) => name.endsWith(".sql"))
    .sort();
}

/** What wrangler calls the error, without its decoration. */
function firstLine(output: string): string {
  const lines = stripVTControlCharacters(output).split("\n");
  const line = lines.find((text) => text.includes("[ERROR]")) ?? lines.find((text) => text.trim() !== "");
  return line?.replace(/^.*?\[ERROR\]\s*/, "").trim() ?? "wrangler failed without a word";
}

async function lookAt(url: string): Promise<Live | Unreachable> {
  const { hostname } = new URL(url);
  const isLoopback = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(hostname);
  try {
    const health = await fetch(new URL("/healthz", url.replace(/^ws/, "http")), {
      signal: AbortSignal.timeout(15_000),
    });
    const door = await knock(url);
    if (door === "not-there")
      return { type: "unreachable", problem: `Nobody speaks MQTT at ${url}, though ${hostname} answers.` };
    return {
      type: "live",
      url,
      isLoopback,
      status: health.status,
      body: await health.text(),
      letsAnybodyIn: door === "open",
    };
  } catch (error) {
    const { cause, message } = error as Error;
    return {
      type: "unreachable",
      problem: `${url} does not answer: ${cause instanceof Error ? cause.message : message}`,
    };
  }
}
