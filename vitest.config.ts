import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { buildDashboard } from "./scripts/dashboard.mjs";
import { testAdminKey } from "./test/support/admin-key.ts";
import { keepDataInMemory } from "./test/support/in-memory.ts";

keepDataInMemory();

// A contract suite runs on node:sqlite and inside the runtime, unless its name says only one of them.
const onlyInNode = "test/contract/**/*.node.test.ts";
const migrations = await readD1Migrations("migrations");
// The runtime serves it.
await buildDashboard();

const onlyInWorkerd = "test/contract/**/*.workerd.test.ts";

const { PROPERTY_SEED } = process.env;
const provide = { propertySeed: PROPERTY_SEED === undefined ? undefined : Number(PROPERTY_SEED) };

/** Of shared machines: what hangs is found all the same. */
const testTimeout = 120_000;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          setupFiles: ["test/support/property-seed.ts"],
          provide,
          maxWorkers: 3,
          testTimeout,
          include: ["test/{unit,property,scripts,fuzz,sim,tidy,contract,conformance}/**/*.test.ts"],
          exclude: [onlyInWorkerd],
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                ALLOW_ANONYMOUS: "true",
                ACCESS_DEFAULT: "allow",
                WEBHOOK_LOOPBACK: "true",
                ADMIN_KEY: testAdminKey,
                TEST_MIGRATIONS: migrations,
              },
              queueProducers: { EVENTS_QUEUE: "events" },
            },
          }),
        ],
        test: {
          name: "workerd",
          setupFiles: ["test/workerd/support/control.ts"],
          provide,
          // Files mostly wait, for deadlines and for the runtime to start: more of them than cores run at once.
          maxWorkers: 3,
          testTimeout,
          hookTimeout: testTimeout,
          include: ["test/{workerd,contract}/**/*.test.ts"],
          exclude: [onlyInNode],
          // Bundled as wrangler bundles them: unbundled, the CommonJS streams of the first do not load in the runtime, and all the modules
          // of the others are sent into it one by one, for each file.
          deps: {
            optimizer: {
              ssr: {
                enabled: true,
                include: ["mqtt-packet", "zod/mini", "zod/v4/locales/en.js", "jose", "hono", "hono/html"],
              },
            },
          },
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          // Each file has brokers of its own, which take a core now and then.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout,
          hookTimeout: testTimeout,
        },
      },
    ],
  },
});
