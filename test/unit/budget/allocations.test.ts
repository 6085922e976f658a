// Memory that a message takes on its way through the core, counted: what is allocated has to be collected, and that is
// where a busy broker's time goes. docs/performance.md has the figures.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { Allocated } from "../../support/allocation-probe.ts";

const probe = fileURLToPath(new URL("../../support/allocation-probe.ts", import.meta.url));
const youngMegabytes = 512;

/** Bytes for each message of 100 bytes in a stream with 64 under way, by QoS: a tenth above what is measured. */
const allocatedMax: readonly Allocated[] = [
  { heap: 1_440, buffers: 780 },
  { heap: 2_180, buffers: 790 },
  { heap: 3_640, buffers: 815 },
];

test("a message allocates no more than its budget at each QoS", async () => {
  const flags = ["--no-warnings", "--expose-gc"];
  for (const which of ["min", "max"]) flags.push(`--${which}-semi-space-size=${youngMegabytes}`);
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, probe]);
  const allocated = JSON.parse(stdout) as readonly Allocated[];
  expect(allocated).toHaveLength(allocatedMax.length);
  for (const [qos, { heap, buffers }] of allocated.entries()) {
    const { heap: heapMax = 0, buffers: buffersMax = 0 } = allocatedMax[qos] ?? {};
    expect({ qos, heap, isWithin: heap <= heapMax }).toMatchObject({ isWithin: true });
    expect({ qos, buffers, isWithin: buffers <= buffersMax }).toMatchObject({ isWithin: true });
    // It is measured, not zero.
    expect(heap).toBeGreaterThan(heapMax / 2);
  }
});
