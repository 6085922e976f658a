// The core in this process, fed with what no client should send. FUZZ_SEED and FUZZ_PACKETS choose another run.

import { expect, test } from "vitest";
import type { ProtocolFailure } from "../../src/protocol/failure.ts";
import type { ClientPacket } from "../../src/protocol/packet.ts";
import { CoreBroker, type CoreSession } from "../support/core-broker.ts";
import type { CoreSocket } from "../support/core-socket.ts";
import { problemAtRest } from "../support/session-at-rest.ts";
import { foundLives } from "./found.ts";
import { fuzz } from "./fuzz.ts";
import { live } from "./live.ts";
import { fuzzSettings } from "./settings.ts";

const seed = Number(process.env["FUZZ_SEED"] ?? 20_251_121);
const packets = Number(process.env["FUZZ_PACKETS"] ?? 100_000);
const libraryRule = "packet-library";
const forgetfulPackets = Math.ceil(packets / 50);

function atRest({ session }: CoreSocket): void {
  const problem = session === undefined ? undefined : problemAtRest(session.rig);
  if (problem !== undefined) throw new Error(`session ${session?.rig.name}: ${problem}`);
}

/** What the codec's guards let pass the library understands: otherwise they do not agree on what is well formed. */
class Strict extends CoreBroker {
  override take(session: CoreSession, packets: readonly (ClientPacket | ProtocolFailure)[]): void {
    for (const packet of packets) {
      if (packet.type === "failure" && packet.rule === libraryRule) throw new Error(`not understood: ${packet.detail}`);
    }
    super.take(session, packets);
  }
}

async function run(forgetful: boolean, count: number): Promise<ReadonlySet<string>> {
  const broker = new Strict({ env: fuzzSettings, forgetful });
  const fuzzed = await fuzz(broker, { seed, packets: count, clients: 8, inspect: atRest });
  for (const { rig } of broker.sessions) expect(problemAtRest(rig), rig.name).toBeUndefined();
  expect(fuzzed.packets).toBeGreaterThanOrEqual(count);
  return fuzzed.refusals;
}

/** Whatever the seed, a run of this length meets them all. */
const longRun = 20_000;
const usualRefusals = [
  ...["CONNACK 1", "CONNACK 2", "CONNACK 0x81", "CONNACK 0x82", "CONNACK 0x84"],
  ...["DISCONNECT 0x81", "DISCONNECT 0x82", "DISCONNECT 0x90", "DISCONNECT 0x94", "DISCONNECT 0x95"],
];

test(`${packets} packets that are not in order, seed ${seed}`, { timeout: 600_000 }, async () => {
  const refusals = await run(false, packets);
  if (packets >= longRun) expect([...refusals]).toEqual(expect.arrayContaining(usualRefusals));
});

test(`${forgetfulPackets} more, and objects that forget whenever they come to rest`, { timeout: 600_000 }, async () => {
  await run(true, forgetfulPackets);
});

test.each(foundLives())("found: $name", async (life) => {
  await live(new Strict({ env: fuzzSettings }), life, atRest);
});
