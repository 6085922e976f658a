// The broker is killed several times while messages flow. Nothing acknowledged is lost, no QoS 2 message comes twice,
// order is kept. The seed can be chosen with KILL_SEED, to repeat a run that failed.

import { describe, expect, test } from "vitest";
import { runWithKills } from "../../bench/kill/run.ts";
import { isKillable, versionNames, versions } from "../support/broker.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();
const seed = Number(process.env["KILL_SEED"] ?? Math.floor(Math.random() * 1e9));
const kills = Number(process.env["KILLS"] ?? 5);

describe
  .runIf(isKillable)
  .each(versions.flatMap((version) => (version === 3 ? [] : [{ version, name: versionNames[version] }])))(
  "in $name",
  ({ version }) => {
    test(`${kills} kills with seed ${seed} lose, double and reorder nothing`, { timeout: 300_000 }, async () => {
      const { verdict } = await runWithKills(broker(), { seed, kills, version });
      expect(verdict).toMatchObject({
        lost: 0,
        repeatedAtQualityTwo: 0,
        outOfOrder: 0,
        sessionsForgotten: 0,
        refused: 0,
      });
      expect(verdict.acknowledged).toBe(verdict.messages);
      for (const consumer of verdict.consumers) expect(consumer.delivered).toBe(verdict.messages / 2);
      expect(verdict.passed).toBe(true);
    });
  },
);
