// The budget of the bundle: what exceeds it is named. The bundle itself is made and checked by `npm run build`, in CI.

import { expect, test } from "vitest";
import { gzipBytesMax, problemsOf } from "../../../cli/deployment/bundle.ts";

test.each([
  ["all in order", { gzipBytes: gzipBytesMax, imports: ["cloudflare:workers", "node:crypto", "buffer"] }, []],
  ["too large", { gzipBytes: gzipBytesMax + 1, imports: [] }, [/^The Worker has 400\.0 KiB compressed, above/]],
  ["Node only", { gzipBytes: 1, imports: ["node:child_process"] }, [/imports node:child_process/]],
  ["a package that was not bundled", { gzipBytes: 1, imports: ["ws", "buffer"] }, [/imports ws/]],
])("%s", (_title, bundle, expected) => {
  const problems = problemsOf(bundle);
  expect(problems).toHaveLength(expected.length);
  for (const [index, pattern] of expected.entries()) expect(problems[index]).toMatch(pattern);
});
