// The Workers runtime (workerd) under Miniflare, with the bindings that wrangler.toml names. Miniflare restarts a
// runtime that died, on the same port; this adds what it leaves open: who the process is, and when to give up.

import { subscribe } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { bundleWorker, prepareDatabases } from "./prepare.mjs";
import { root } from "./setup.mjs";

const restartLimitMs = 10_000;
const crashesMax = 5;
const crashWindowMs = 60_000;

export class Runtime {
  #options;
  #miniflare;
  #stopping = false;
  #crashes = [];
  #restartTimer;

  constructor(options) {
    this.#options = options;
    subscribe("child_process", ({ process: child }) => {
      child.once("spawn", () => this.#watch(child));
    });
  }

  /** Resolves with the address once HTTP really answers. */
  async start() {
    const { host, port, stateDir } = this.#options;
    const bundling = bundleWorker(stateDir);
    bundling.catch(() => {});
    const wrangler = await import("wrangler");
    const { Miniflare, Log, LogLevel, convertV4MiniflareOptions } = await import("miniflare");

    const { workerOptions } = wrangler.unstable_getMiniflareWorkerOptions(join(root, "wrangler.toml"));
    await Promise.all([bundling, prepareDatabases(stateDir, Object.keys(workerOptions.d1Databases ?? {}))]);
    if (this.#stopping) throw new Error("Stopped while starting.");

    const bundle = await bundling;
    const giveUp = this.#giveUp.bind(this);
    class Reporter extends Log {
      log() {}
      error(error) {
        giveUp(`The runtime failed: ${error.cause?.message ?? error.message}`);
      }
    }
    this.#miniflare = withoutSignalHandlers(
      () =>
        new Miniflare(
          convertV4MiniflareOptions({
            ...workerOptions,
            bindings: withEnvironment(workerOptions.bindings),
            modules: [{ type: "ESModule", path: bundle, contents: readFileSync(bundle, "utf8") }],
            modulesRoot: stateDir,
            host,
            port,
            cf: false,
            log: new Reporter(LogLevel.ERROR),
            logRequests: false,
            handleStructuredLogs: ({ message }) => process.stderr.write(`${message}\n`),
            resourcePersistencePath: join(stateDir, "v3"),
            unsafeHandleRuntimeRestart: () => clearTimeout(this.#restartTimer),
          }),
        ),
    );
    const url = await this.#miniflare.ready;
    const answer = await fetch(new URL("/healthz", url));
    const text = await answer.text();
    if (!answer.ok) throw new Error(`The broker does not start: ${text.trim()}`);
    return url;
  }

  async stop() {
    this.#stopping = true;
    clearTimeout(this.#restartTimer);
    await this.#miniflare?.dispose();
  }

  #watch(child) {
    if (!basename(child.spawnfile).startsWith("workerd")) return;
    this.#options.onSpawn(child.pid);
    child.once("exit", () => this.#ended());
  }

  #ended() {
    if (this.#stopping) return;
    const now = Date.now();
    this.#crashes = [...this.#crashes.filter((at) => at > now - crashWindowMs), now];
    if (this.#crashes.length > crashesMax) {
      this.#giveUp(`The runtime died ${this.#crashes.length} times within ${crashWindowMs / 1_000} s.`);
      return;
    }
    process.stderr.write("The runtime died and is being restarted.\n");
    clearTimeout(this.#restartTimer);
    const late = `The runtime did not come back within ${restartLimitMs / 1_000} s.`;
    this.#restartTimer = setTimeout(() => this.#giveUp(late), restartLimitMs);
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

/** A variable of wrangler.toml can be set for one start from the environment: `TOPIC_SHARDS=4 npm start`. */
function withEnvironment(bindings = {}) {
  const entries = Object.entries(bindings).map(([name, value]) => [name, process.env[name] ?? value]);
  return Object.fromEntries(entries);
}
