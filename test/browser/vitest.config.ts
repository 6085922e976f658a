// The dashboard in a browser. Not a project of the main configuration: not everybody has the browser.

import { defineConfig } from "vitest/config";
import { keepDataInMemory } from "../support/in-memory.ts";

keepDataInMemory();

export default defineConfig({
  test: {
    name: "browser",
    include: ["test/browser/**/*.test.ts"],
    globalSetup: "test/browser/support/brokers.ts",
    // Files share the broker, and each minds only what it has made itself.
    maxWorkers: 3,
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
});
