// The broker on its runtime, fed over WebSockets with what no client should send. Each life is tried in the core first, so
// that nothing is sent that would not be looked at. FUZZ_SEED and FUZZ_PACKETS choose another run.

import { expect, test } from "vitest";
import { foundLives } from "../fuzz/found.ts";
import { fuzz } from "../fuzz/fuzz.ts";
import { live } from "../fuzz/live.ts";
import { fuzzSettings } from "../fuzz/settings.ts";
import { isOurs } from "../support/broker.ts";
import { Complaints } from "../support/complaints.ts";
import { CoreBroker } from "../support/core-broker.ts";
import { useBroker } from "../support/use-broker.ts";

const seed = Number(process.env["FUZZ_SEED"] ?? 20_251_121);
const packets = Number(process.env["FUZZ_PACKETS"] ?? 1_000);
const complaints = new Complaints();
const broker = useBroker({ env: fuzzSettings, onOutput: complaints.take });

test.runIf(isOurs)(`${packets} packets that are not in order, seed ${seed}`, { timeout: 3_600_000 }, async () => {
  const core = new CoreBroker({ env: fuzzSettings });
  const fuzzed = await fuzz(broker(), {
    seed,
    packets,
    clients: 32,
    prepare: async (life) => (await live(core, life)).life,
  });
  expect(fuzzed.packets).toBeGreaterThanOrEqual(packets);
  expect(complaints.lines).toEqual([]);
});

test.runIf(isOurs).each(foundLives())("found: $name", async (life) => {
  await live(broker(), life);
  expect(complaints.lines).toEqual([]);
});
