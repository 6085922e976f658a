// `npm run test:browser`: the dashboard in a browser that has to be installed: Chromium, which CHROMIUM may name. The last line
// is `N passed, N failed`. Arguments go to Vitest, as file name filters. Its pictures go to docs/images with PICTURES=true.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { whenOrphaned } from "./process.mjs";
import { fail, root, setUp } from "./setup.mjs";

const places = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

await setUp();
whenOrphaned(() => process.exit(1));
process.env.CHROMIUM ??= places.find((place) => existsSync(place));
if (process.env.CHROMIUM === undefined) {
  fail("There is no Chromium here: install it (on Debian: apt-get install chromium), or name it: CHROMIUM=<path>");
}
const { endWith, tally } = await import("./tally.mjs");
endWith(await tally(process.argv.slice(2), { config: join(root, "test", "browser", "vitest.config.ts") }));
