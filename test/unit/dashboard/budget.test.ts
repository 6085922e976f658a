// What a browser has to load, compressed, for all of the dashboard.

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const dist = join(import.meta.dirname, "../../../dashboard/dist");

function gzipBytes(pattern: string): number {
  const files = globSync(pattern, { cwd: dist });
  expect(files).not.toEqual([]);
  return files.reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, file)), { level: 9 }).length, 0);
}

test.each([
  ["all script, the console with MQTT.js included", "assets/*.js", 120],
  ["the script of everything but the console", "assets/index-*.js", 60],
  ["the stylesheet", "assets/*.css", 8],
])("%s", (_title, pattern, kibibytes) => {
  expect(gzipBytes(pattern) / 1024).toBeLessThan(kibibytes);
});
