// What `npm run doctor` says: a row for each finding. What it looks at is collected in test/e2e/deployment.test.ts.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Account, Configuration, Facts, Live } from "../../../cli/deployment/facts.ts";
import { findingsOf, requiredDatabases, requiredObjects } from "../../../cli/deployment/findings.ts";
import { readConfiguration } from "../../../cli/deployment/gather.ts";
import { root } from "../../tidy/sources.ts";

const configuration: Configuration = {
  type: "configuration",
  name: "durablemq",
  compatibilityDate: "2026-11-01",
  variables: { ALLOW_ANONYMOUS: "false" },
  variableProblem: undefined,
  objects: requiredObjects,
  databases: { CONTROL: "durablemq-control" },
  madeClasses: Object.values(requiredObjects),
  cpuMs: 300_000,
  subrequests: 100_000,
  logsAreKept: true,
  invocationLogRate: 0,
  updateMode: "deferred",
  updateDelaySeconds: 300,
  requiredSecrets: ["ADMIN_KEY"],
  customDomains: [],
  answersOnWorkersDev: true,
};
const account: Account = {
  type: "account",
  isDeployed: true,
  secrets: ["ADMIN_KEY"],
  pendingMigrations: { CONTROL: [] },
};
const live: Live = {
  type: "live",
  url: "wss://mqtt.example.com/mqtt",
  isLoopback: false,
  status: 200,
  body: "ok",
  letsAnybodyIn: false,
};
const inOrder: Facts = { environment: "", configuration, trackedSecretFiles: [], account, live };

function configured(changes: Partial<Configuration>): Facts {
  return { ...inOrder, configuration: { ...configuration, ...changes } };
}

test("what is in order has no finding", () => {
  expect(findingsOf(inOrder)).toEqual([]);
  expect(findingsOf({ ...inOrder, account: undefined, live: undefined })).toEqual([]);
});

const { SESSION: _session, ...withoutSession } = requiredObjects;

test.each<[string, string, Facts, string]>([
  [
    "error",
    "configuration-unreadable",
    { ...inOrder, configuration: { type: "unreadable", problem: "no such" } },
    "no such",
  ],
  ["error", "secret-in-git", { ...inOrder, trackedSecretFiles: [".dev.vars"] }, "git rm --cached .dev.vars"],
  ["error", "variable-invalid", configured({ variableProblem: "Configuration: QUEUE_POLICY" }), "QUEUE_POLICY"],
  [
    "error",
    "secret-in-variables",
    configured({ variables: { ADMIN_KEY: "x" } }),
    "npm run wrangler -- secret put ADMIN_KEY",
  ],
  ["warning", "variable-unknown", configured({ variables: { QUEUE_POLICE: "reject" } }), "QUEUE_POLICE"],
  ["error", "open-to-anyone", configured({ variables: { ALLOW_ANONYMOUS: "true" } }), "docs/authentication.md"],
  ["error", "open-to-anyone", configured({ variables: { ALLOW_ANONYMOUS: true } }), "docs/authentication.md"],
  ["error", "binding-missing", configured({ objects: withoutSession }), "SESSION"],
  ["error", "binding-missing", configured({ objects: { ...requiredObjects, SHARD: "Elsewhere" } }), "TopicShard"],
  ["error", "binding-missing", configured({ databases: {} }), "CONTROL"],
  ["error", "class-not-made", configured({ madeClasses: configuration.madeClasses.slice(1) }), "new_sqlite_classes"],
  ["error", "compatibility-date", configured({ compatibilityDate: "2026-07-01" }), "2026-07-01"],
  ["error", "compatibility-date", configured({ compatibilityDate: "" }), "(none)"],
  ["warning", "limit-cpu", configured({ cpuMs: undefined }), "/mqtt/<client id>"],
  ["warning", "limit-cpu", configured({ cpuMs: 30_000 }), "300000"],
  ["warning", "limit-subrequests", configured({ subrequests: 50 }), "100000"],
  ["warning", "logs-off", configured({ logsAreKept: false }), "observability.enabled"],
  ["warning", "logs-dear", configured({ invocationLogRate: 1 }), "invocation_logs"],
  ["warning", "update-strategy", configured({ updateMode: "immediate" }), "all clients come again"],
  ["warning", "update-strategy", configured({ updateMode: undefined }), "all clients come again"],
  ["warning", "update-strategy", configured({ updateDelaySeconds: 86_400 }), "more than an hour"],
  ["warning", "second-address", configured({ customDomains: ["mqtt.example.com"] }), "workers_dev"],
  ["warning", "account-unreachable", { ...inOrder, account: { type: "unreachable", problem: "no token" } }, "no token"],
  ["warning", "not-deployed", { ...inOrder, account: { ...account, isDeployed: false } }, "npm run deploy"],
  [
    "error",
    "secret-missing",
    { ...inOrder, account: { ...account, secrets: [] } },
    "npm run wrangler -- secret put ADMIN_KEY",
  ],
  [
    "error",
    "database-missing",
    { ...inOrder, account: { ...account, pendingMigrations: { CONTROL: undefined } } },
    "CONTROL",
  ],
  [
    "error",
    "migrations-pending",
    { ...inOrder, account: { ...account, pendingMigrations: { CONTROL: ["2.sql"] } } },
    "2.sql",
  ],
  [
    "error",
    "broker-unreachable",
    { ...inOrder, live: { type: "unreachable", problem: "ECONNREFUSED" } },
    "ECONNREFUSED",
  ],
  ["error", "broker-unwell", { ...inOrder, live: { ...live, status: 500, body: "QUEUE_POLICY" } }, "QUEUE_POLICY"],
  ["error", "open-to-anyone", { ...inOrder, live: { ...live, letsAnybodyIn: true } }, "mqtt.example.com"],
])("%s %s", (severity, id, facts, words) => {
  const findings = findingsOf(facts);
  expect(findings.map((finding) => [finding.severity, finding.id])).toEqual([[severity, id]]);
  expect(`${findings[0]?.what} ${findings[0]?.remedy}`).toContain(words);
});

test("a broker on loopback may let anybody in", () => {
  expect(findingsOf({ ...inOrder, live: { ...live, isLoopback: true, letsAnybodyIn: true } })).toEqual([]);
});

test("an environment is named in what is to be done", () => {
  const staging = { ...inOrder, environment: "staging" };
  const [missing] = findingsOf({ ...staging, account: { ...account, secrets: [] } });
  expect(missing?.remedy).toContain("secret put ADMIN_KEY --env staging");
  const [absent] = findingsOf({ ...staging, account: { ...account, isDeployed: false } });
  expect(absent?.remedy).toContain("npm run deploy -- --env staging");
});

describe("wrangler.toml as shipped", () => {
  const path = join(root, "wrangler.toml");

  test.each(["", "staging", "production"])("has nothing to find: environment %j", (environment) => {
    const configuration = readConfiguration(path, environment);
    expect(findingsOf({ ...inOrder, environment, configuration })).toEqual([]);
  });

  test("differs between environments in names and secrets alone", () => {
    const read = ["", "staging", "production"].map((name) => readConfiguration(path, name));
    const [top, ...others] = read as Configuration[];
    for (const other of others) {
      const { name, variables, databases, requiredSecrets } = top as Configuration;
      expect(Object.keys(other.databases)).toEqual(Object.keys(databases));
      expect(other.requiredSecrets).toEqual(["ADMIN_KEY"]);
      expect({ ...other, name, variables, databases, requiredSecrets }).toEqual(top);
    }
    expect(new Set([top, ...others].map((one) => one?.databases["CONTROL"])).size).toBe(3);
  });

  test("what is looked for is what worker/env.ts declares", () => {
    const env = readFileSync(join(root, "worker/env.ts"), "utf8");
    const objects = [...env.matchAll(/readonly (\w+): DurableObjectNamespace<(\w+)>/g)];
    expect(Object.fromEntries(objects.map(([, binding, name]) => [binding, name]))).toEqual(requiredObjects);
    expect([...env.matchAll(/readonly (\w+): D1Database/g)].map(([, binding]) => binding)).toEqual(requiredDatabases);
  });
});
