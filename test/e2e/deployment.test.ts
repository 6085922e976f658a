// Deploying, with wrangler as it is, into an account that stands in for Cloudflare's, and `npm run doctor` on what is there.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { knock } from "../../cli/deployment/knock.ts";
import { isOurs } from "../support/broker.ts";
import { CloudflareAccount } from "../support/cloudflare-account.ts";
import { useBroker } from "../support/use-broker.ts";
import { root } from "../tidy/sources.ts";

const adminKey = "a".repeat(43);
const deployTimeoutMs = 180_000;
let account: CloudflareAccount;
let folder: string;

beforeEach(async () => {
  account = await CloudflareAccount.open();
  folder = mkdtempSync(join(tmpdir(), "durablemq-"));
});
afterEach(() => {
  account.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly output: string;
}

function durablemq(...args: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [join(root, "scripts/durablemq.mjs"), ...args], {
    cwd: root,
    env: { ...process.env, ...account.environment, CI: "true", NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, output] = ["", ""];
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
    output += chunk;
  });
  child.stderr.on("data", (chunk) => (output += chunk));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, stdout, output })));
}

async function idsOf(...args: readonly string[]): Promise<{ code: number | null; ids: string[] }> {
  const { code, stdout } = await durablemq("doctor", "--json", ...args);
  return { code, ids: (JSON.parse(stdout) as { findings: { id: string }[] }).findings.map(({ id }) => id) };
}

/** The repository's own, elsewhere and with a change. */
function changedConfig(change: (text: string) => string): string {
  const file = join(folder, "wrangler.toml");
  const text = readFileSync(join(root, "wrangler.toml"), "utf8");
  const absolute = text
    .replace('main = "worker/index.ts"', `main = "${join(root, "worker/index.ts")}"`)
    .replace('"bl/BufferList.js"', `"${join(root, "node_modules/bl/BufferList.js")}"`)
    .replace('"node scripts/dashboard.mjs"', `"node ${join(root, "scripts/dashboard.mjs")}"`)
    .replace('directory = "dashboard/dist"', `directory = "${join(root, "dashboard/dist")}"`)
    .replaceAll('migrations_dir = "migrations"', `migrations_dir = "${join(root, "migrations")}"`);
  writeFileSync(file, change(absolute));
  return file;
}

describe.runIf(isOurs)("deploying", () => {
  test("DPL-1 the first time needs its secret, makes the database where objects live, and migrates it before the Worker comes", {
    timeout: deployTimeoutMs,
  }, async () => {
    const european = changedConfig((text) => {
      return text.replace("[env.production.vars]", '[env.production.vars]\nJURISDICTION = "eu"');
    });
    const production = ["--env", "production", "--config", european];
    const refused = await durablemq("deploy", ...production);
    expect(refused.output).toContain("required secrets have not been set: ADMIN_KEY");
    expect(refused.code).not.toBe(0);
    expect(account.uploads).toEqual([]);

    const secrets = join(folder, "secrets.env");
    writeFileSync(secrets, `ADMIN_KEY=${adminKey}\n`);
    const deployed = await durablemq("deploy", ...production, "--", "--secrets-file", secrets);
    expect(deployed.output).toContain("npm run wrangler -- rollback --env production");
    expect(deployed.code).toBe(0);
    expect(deployed.output).not.toContain(adminKey);
    expect(account.unknown).toEqual([]);
    expect(account.events).toEqual([
      "made durablemq-control-production",
      expect.stringMatching(/^migrated 0001_/),
      ...account.events.slice(2, -1),
      "deployed durablemq-production",
    ]);
    const { metadata } = account.uploads[0] as (typeof account.uploads)[0];
    expect(metadata).toMatchObject({
      code_update_strategy: { mode: "deferred", max_delay: 300 },
      limits: { cpu_ms: 300_000 },
      observability: { enabled: true, logs: { invocation_logs: false } },
    });
    const control = metadata.bindings.find(({ name }) => name === "CONTROL");
    const database = account.databases.get("durablemq-control-production");
    expect(control?.id).toBe(database?.uuid);
    expect(database?.jurisdiction).toBe("eu");
    expect(await idsOf("--env", "production")).toEqual({ code: 0, ids: [] });
  });

  test("DPL-2 what doctor calls an error is not deployed, and nothing is made", {
    timeout: deployTimeoutMs,
  }, async () => {
    const open = changedConfig((text) => text.replace('ALLOW_ANONYMOUS = "false"', 'ALLOW_ANONYMOUS = "true"'));
    const { code, output } = await durablemq("deploy", "--config", open);
    expect(code).not.toBe(0);
    expect(output).toContain("open-to-anyone");
    expect(account.events).toEqual([]);
  });
});

describe.runIf(isOurs)("doctor", () => {
  test("DOC-1 says what the account lacks", async () => {
    expect(await idsOf()).toEqual({ code: 0, ids: ["not-deployed"] });
    account.hold("durablemq", ["SCRAM_USERS"]);
    expect(await idsOf()).toEqual({ code: 1, ids: ["secret-missing", "database-missing"] });
    account.hold("durablemq", ["ADMIN_KEY"]);
    account.makeDatabase("durablemq-control");
    expect(await idsOf()).toEqual({ code: 1, ids: ["migrations-pending"] });
    account.isClosed = true;
    expect(await idsOf()).toEqual({ code: 0, ids: ["account-unreachable"] });
  });

  test("DOC-2 reads wrangler.toml as wrangler does", async () => {
    const wrong = changedConfig((text) =>
      text
        .replace('QUEUE_POLICY = "reject"', 'QUEUE_POLICY = "keep-all"\nADMIN_KEY = "hunter2"\nQUEUE_POLICE = "x"')
        .replace('mode = "deferred"', 'mode = "immediate"')
        .replace("invocation_logs = false", "invocation_logs = true")
        .replace("cpu_ms = 300000", "cpu_ms = 50")
        .replace('binding = "CONTROL"', 'binding = "OTHER"')
        .replace(
          "[vars]",
          'routes = [{ pattern = "mqtt.example.com", custom_domain = true }]\nworkers_dev = true\n[vars]',
        ),
    );
    const { code, ids } = await idsOf("--offline", "--config", wrong);
    expect(ids.toSorted()).toEqual([
      "binding-missing",
      "limit-cpu",
      "logs-dear",
      "second-address",
      "secret-in-variables",
      "update-strategy",
      "variable-invalid",
      "variable-unknown",
    ]);
    expect(code).toBe(1);
    expect((await durablemq("doctor", "--offline", "--config", wrong)).output).not.toContain("hunter2");
  });

  test("DOC-3 an environment or a file that does not exist is an error", async () => {
    expect(await idsOf("--offline", "--config", "/nothing/here")).toEqual({
      code: 1,
      ids: ["configuration-unreadable"],
    });
    expect(await idsOf("--offline", "--env", "nowhere")).toEqual({ code: 1, ids: ["configuration-unreadable"] });
  });
});

describe.runIf(isOurs)("a broker that runs", () => {
  const open = useBroker();
  const closed = useBroker({ env: { ALLOW_ANONYMOUS: "false" } });

  test("DOC-4 is knocked at without credentials", async () => {
    expect(await knock(open().url)).toBe("open");
    expect(await knock(closed().url)).toBe("closed");
    expect(await knock("ws://127.0.0.1:1/mqtt")).toBe("closed");
  });

  test("DOC-5 answers doctor, and one that does not run, or is elsewhere, is an error", async () => {
    expect(await idsOf("--offline", "--url", `${open().url}x`)).toEqual({ code: 1, ids: ["broker-unreachable"] });
    expect(await idsOf("--offline", "--url", open().url)).toEqual({ code: 0, ids: [] });
    expect(await idsOf("--offline", "--url", "ws://127.0.0.1:1/mqtt")).toEqual({
      code: 1,
      ids: ["broker-unreachable"],
    });
  });
});
