// The Workers runtime (workerd) under Miniflare, with the bindings that wrangler.toml names. Miniflare restarts a
// runtime that died, on the same port; this adds what it leaves open: who the process is, and when to give up.

import { subscribe } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { secretVariables } from "../worker/config.ts";
import { buildDashboard } from "./dashboard.mjs";
import { bundleWorker, prepareDatabases } from "./prepare.mjs";
import { root } from "./setup.mjs";

/** Of these large packages a second faster than `import`, which first reads through each for what it might export. */
const require = createRequire(import.meta.url);

/**
 * For V8: garbage is collected often and little at a time, since everything that arrives meanwhile waits. Whoever sets the
 * variable chooses otherwise. See decision 37.
 */
const collectorFlags = [
  "--initial-old-space-size=8",
  "--max-semi-space-size=2",
  "--memory-balancer",
  "--memory-balancer-c-value=1e-8",
];
process.env.MINIFLARE_WORKERD_V8_FLAGS ??= collectorFlags.join(" ");

/** What the runtime says of each start with such flags: it compiles scripts of its own that it has compiled otherwise. */
const saidOfFlags = "bootstrap compile cache failed its compatibility check";

const restartLimitMs = 10_000;
const recoveriesMax = 5;
const recoveryPauseMs = 200;
const crashesMax = 30;
const crashWindowMs = 10_000;

export class Runtime {
  #options;
  #launch;
  #miniflare;
  #stopping = false;
  #recovering = false;
  #crashes = [];
  #restartTimer;

  constructor(options) {
    this.#options = options;
    subscribe("child_process", ({ process: child }) => {
      child.once("spawn", () => this.#watch(child));
    });
    process.on("unhandledRejection", (error) => void this.#recover(error.message));
  }

  /** Resolves with the address once HTTP really answers. */
  async start() {
    const { stateDir } = this.#options;
    await buildDashboard();
    const bundling = bundleWorker();
    bundling.catch(() => {});
    const { unstable_getMiniflareWorkerOptions } = require("wrangler");
    const { workerOptions } = unstable_getMiniflareWorkerOptions(join(root, "wrangler.toml"));
    await prepareDatabases(stateDir, Object.keys(workerOptions.d1Databases));
    const bundle = await bundling;
    this.#launch = this.#launcher(workerOptions, bundle);
    if (this.#stopping) throw new Error("Stopped while starting.");
    return this.#launch(this.#options.port);
  }

  async stop() {
    this.#stopping = true;
    clearTimeout(this.#restartTimer);
    await this.#miniflare?.dispose().catch(() => {});
  }

  #launcher(workerOptions, bundle) {
    const { Miniflare, Log, LogLevel, convertV4MiniflareOptions } = require("miniflare");
    const failed = (message) => void this.#recover(message);
    class FailureLog extends Log {
      log() {}
      error(error) {
        failed(error.cause?.message ?? error.message);
      }
    }
    const options = {
      ...workerOptions,
      bindings: this.#withAdminKey(withEnvironment(workerOptions.bindings)),
      modules: [{ type: "ESModule", path: bundle, contents: readFileSync(bundle, "utf8") }],
      modulesRoot: dirname(bundle),
      host: this.#options.host,
      cf: false,
      log: new FailureLog(LogLevel.ERROR),
      logRequests: false,
      handleStructuredLogs: ({ message }) => message.includes(saidOfFlags) || process.stderr.write(`${message}\n`),
      resourcePersistencePath: join(this.#options.stateDir, "v3"),
      unsafeHandleRuntimeRestart: () => clearTimeout(this.#restartTimer),
    };
    return async (port) => {
      this.#miniflare = withoutSignalHandlers(() => new Miniflare(convertV4MiniflareOptions({ ...options, port })));
      const url = await this.#miniflare.ready;
      const answer = await fetch(new URL("/healthz", url));
      const text = await answer.text();
      if (!answer.ok) throw new Error(`The broker does not start: ${text.trim()}`);
      this.#options.port = Number(url.port || 80);
      return url;
    };
  }

  /** Of the environment or of `.dev.vars`, where an empty one is none; otherwise it is made. */
  #withAdminKey(bindings) {
    const isGiven = process.env.ADMIN_KEY !== undefined || (bindings.ADMIN_KEY ?? "") !== "";
    return isGiven ? bindings : { ...bindings, ADMIN_KEY: this.#options.makeAdminKey() };
  }

  #watch(child) {
    if (!basename(child.spawnfile).startsWith("workerd")) return;
    this.#options.onSpawn(child.pid);
    child.stdin.on("error", () => {});
    child.once("exit", () => this.#ended());
  }

  /** Miniflare is about to restart the runtime. */
  #ended() {
    if (this.#stopping || this.#recovering || this.#launch === undefined) return;
    const now = Date.now();
    this.#crashes = [...this.#crashes.filter((at) => at > now - crashWindowMs), now];
    if (this.#crashes.length > crashesMax) {
      this.#giveUp(`The runtime died ${this.#crashes.length} times within ${crashWindowMs / 1_000} s.`);
      return;
    }
    // At Ctrl-C the terminal ends the runtime too, perhaps before this process has seen its own signal.
    setTimeout(() => this.#stopping || process.stderr.write("The runtime died and is being restarted.\n"), 100);
    clearTimeout(this.#restartTimer);
    const late = `it did not answer within ${restartLimitMs / 1_000} s`;
    this.#restartTimer = setTimeout(() => void this.#recover(late), restartLimitMs);
  }

  /** Miniflare could not restart the runtime, for example because it died again meanwhile: start from the beginning. */
  async #recover(reason) {
    if (this.#stopping || this.#recovering) return;
    if (this.#launch === undefined) return this.#giveUp(reason);
    this.#recovering = true;
    clearTimeout(this.#restartTimer);
    let cause = reason;
    for (let attempt = 1; attempt <= recoveriesMax; attempt++) {
      try {
        await this.#miniflare.dispose().catch(() => {});
        if (this.#stopping) return;
        await this.#launch(this.#options.port);
        this.#recovering = false;
        return;
      } catch (error) {
        cause = error.message;
      }
      await pause(attempt * recoveryPauseMs);
    }
    this.#giveUp(`The runtime could not be restarted: ${cause}`);
  }

  #giveUp(message) {
    if (!this.#stopping) this.#options.onFailure(new Error(message));
  }
}

/** Miniflare would end this process at a signal, before the state folder is given back. */
function withoutSignalHandlers(create) {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  const before = new Map(signals.map((signal) => [signal, process.listeners(signal)]));
  const created = create();
  for (const [signal, kept] of before) {
    for (const listener of process.listeners(signal)) if (!kept.includes(listener)) process.off(signal, listener);
  }
  return created;
}

/** On the loopback interface the broker is open, unless the environment says otherwise. The local runtime has no jurisdictions. */
export const localVariables = {
  ALLOW_ANONYMOUS: "true",
  ACCESS_DEFAULT: "allow",
  METRICS_OPEN: "true",
  WEBHOOK_LOOPBACK: "true",
  JURISDICTION: "none",
};

/** A variable can be set for one start from the environment: `TOPIC_SHARDS=4 npm start`. */
function withEnvironment(bindings = {}) {
  const values = { ...bindings, ...localVariables };
  for (const name of [...Object.keys(values), ...secretVariables]) {
    if (process.env[name] !== undefined) values[name] = process.env[name];
  }
  return values;
}
