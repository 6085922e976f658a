// Builds the page into static files. The console's MQTT.js is built from its modules, and without what a browser has anyway:
// its own bundle for browsers alone is as large as the whole page may be.

import { createRequire } from "node:module";
import { join } from "node:path";
import { defineConfig } from "vite";

const here = import.meta.dirname;
const { resolve } = createRequire(import.meta.url);

export default defineConfig({
  root: here,
  base: "./",
  logLevel: "warn",
  define: { "process.env.NODE_ENV": '"production"' },
  resolve: {
    alias: [
      { find: /^debug$/, replacement: join(here, "console/browser/debug.cjs") },
      { find: /^lru-cache$/, replacement: join(here, "console/browser/lru-cache.cjs") },
      { find: /^readable-stream$/, replacement: join(here, "console/browser/streams.cjs") },
      { find: /^worker-timers$/, replacement: join(here, "console/browser/worker-timers.ts") },
      { find: /^ws$/, replacement: join(here, "console/browser/ws.ts") },
      { find: /^(node:)?buffer$/, replacement: resolve("buffer/") },
      { find: /^(node:)?events$/, replacement: resolve("events/") },
    ],
  },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
