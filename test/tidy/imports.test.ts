// Who may import whom. What is not listed is not allowed.

import { expect, test } from "vitest";
import { filesOf, type Import, importsOf, type Source } from "./sources.ts";

interface Rule {
  readonly values: readonly string[];
  readonly types: readonly string[];
  readonly packages?: readonly string[];
}

const allOfCore = [
  "protocol",
  "codec",
  "topic",
  "session",
  "queue",
  "retain",
  "auth",
  "metrics",
  "hop",
  "shard",
  "directory",
  "store",
  "trace",
];

const coreRules: Record<string, Rule> = {
  protocol: { values: [], types: [] },
  topic: { values: [], types: [] },
  metrics: { values: [], types: [] },
  hop: { values: [], types: ["protocol"] },
  codec: { values: ["protocol"], types: [], packages: ["mqtt-packet", "node:buffer"] },
  queue: { values: ["protocol", "topic"], types: [] },
  retain: { values: ["protocol", "topic", "queue"], types: [] },
  auth: { values: ["protocol", "topic"], types: [] },
  session: { values: ["protocol", "topic", "queue", "auth", "hop", "trace"], types: ["directory"] },
  shard: { values: ["protocol", "topic", "queue", "retain", "hop"], types: [] },
  directory: { values: ["protocol", "topic"], types: [] },
  trace: { values: ["protocol", "topic", "auth"], types: [] },
  store: { values: ["protocol", "topic", "hop"], types: allOfCore },
};

const objects = ["session", "shard", "directory"];

test("core: a folder imports only what its rule lists", () => {
  const offences = filesOf("src/*/**/*.ts").flatMap((source) => {
    const folder = folderOf(source.path, "src");
    const rule = coreRules[folder];
    if (rule === undefined) return [`src/${folder} has no import rule`];
    return importsOf(source)
      .filter((imported) => !isAllowedInCore(folder, rule, imported))
      .map((imported) => describe(source, imported));
  });
  expect(offences).toEqual([]);
});

test("objects know each other, and edge and admin know them, by type alone", () => {
  const offences = filesOf("worker/*/**/*.ts").flatMap((source) => {
    const folder = folderOf(source.path, "worker");
    return importsOf(source)
      .filter(({ target, typeOnly }) => {
        const targetFolder = folderOf(target, "worker");
        return !typeOnly && targetFolder !== folder && objects.includes(targetFolder);
      })
      .map((imported) => describe(source, imported));
  });
  expect(offences).toEqual([]);
});

test("nobody imports tests, benchmarks, scripts, the command line or the dashboard", () => {
  const offences = filesOf("{src,worker}/**/*.ts").flatMap((source) =>
    importsOf(source)
      .filter(({ target }) => /^(test|bench|scripts|cli|dashboard)\//.test(target))
      .map((imported) => describe(source, imported)),
  );
  expect(offences).toEqual([]);
});

/** Under the broker's own rules, only those that know no platform; of packages, those that are small or loaded late. */
const dashboardMayImport =
  /^(dashboard\/|src\/((protocol|topic|auth|metrics|trace)\/|directory\/event-types)|(preact|uplot|buffer|eventsource-parser)(\/|$))/;

test("the dashboard imports itself, pure rules of the broker, and few packages; MQTT.js only in the console", () => {
  const offences = filesOf("dashboard/**/*.{ts,tsx}")
    .filter(({ path }) => path !== "dashboard/vite.config.ts")
    .flatMap((source) =>
      importsOf(source)
        .filter(({ target, typeOnly }) => {
          if (/^mqtt(-packet)?(\/|$)/.test(target)) return !typeOnly || !source.path.startsWith("dashboard/console/");
          return !dashboardMayImport.test(target);
        })
        .map((imported) => describe(source, imported)),
    );
  expect(offences).toEqual([]);
});

test("the console is reached by one import that loads it late", () => {
  const offences = filesOf("dashboard/{shell,pages,parts,api}/**/*.{ts,tsx}").flatMap((source) =>
    importsOf(source)
      .filter(({ target }) => target.startsWith("dashboard/console/"))
      .map((imported) => describe(source, imported)),
  );
  expect(offences).toEqual(["dashboard/pages/console.tsx imports dashboard/console/console.tsx"]);
});

test("every source file is imported by somebody", () => {
  const imported = new Set(
    filesOf("{src,worker,cli,dashboard,test,bench}/**/*.{ts,tsx}").flatMap((source) =>
      importsOf(source).map(({ target }) => target),
    ),
  );
  // The stand-ins for packages are named by the dashboard's vite.config.ts alone.
  const standIns = ["dashboard/console/browser/worker-timers.ts", "dashboard/console/browser/ws.ts"];
  const entrances = ["worker/index.ts", "cli/main.ts", "dashboard/main.tsx", "dashboard/vite.config.ts", ...standIns];
  const orphans = filesOf("{src,worker,cli,dashboard}/**/*.{ts,tsx}")
    .map(({ path }) => path)
    .filter((path) => !entrances.includes(path) && !path.endsWith(".d.ts") && !imported.has(path));
  expect(orphans).toEqual([]);
});

test("a copy of the Worker loads the HTTP API, and what knows of tokens, when they are first asked for", () => {
  const sources = new Map(filesOf("{src,worker}/**/*.ts").map((source) => [source.path, source]));
  const loaded = new Set<string>();
  const waiting = ["worker/index.ts"];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (loaded.has(path)) continue;
    loaded.add(path);
    const source = sources.get(path);
    const imported = source === undefined ? [] : importsOf(source);
    waiting.push(...imported.filter(({ typeOnly, late }) => !typeOnly && !late).map(({ target }) => target));
  }
  expect(loaded).toContain("worker/session/object.ts");
  const early = [...loaded].filter((path) => /^(worker\/admin\/|hono|jose|papaparse)/.test(path)).sort();
  expect(early).toEqual(["worker/admin/base-path.ts", "worker/admin/messages.ts"]);
});

function isAllowedInCore(folder: string, rule: Rule, { target, typeOnly }: Import): boolean {
  if (!target.startsWith("src/")) return rule.packages?.includes(target) ?? false;
  const targetFolder = folderOf(target, "src");
  return (
    targetFolder === folder || rule.values.includes(targetFolder) || (typeOnly && rule.types.includes(targetFolder))
  );
}

/** `session` for `worker/session/object.ts`; empty for a file that stands elsewhere or directly in the part. */
function folderOf(path: string, part: string): string {
  const [first, folder = "", file] = path.split("/");
  return first === part && file !== undefined ? folder : "";
}

function describe(source: Source, { target }: Import): string {
  return `${source.path} imports ${target}`;
}
