// The broker is killed several times under all kinds of traffic: plain, retained and delayed messages, wills, consumers
// that are online, away, or share a subscription. Nothing acknowledged is lost, no QoS 2 message comes twice, order is
// kept. The seed can be chosen with KILL_SEED, to repeat a run that failed.

import { describe, expect, test } from "vitest";
import { runWithKills } from "../../bench/kill/run.ts";
import { isKillable, isOurs, versionNames } from "../support/broker.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();
const seed = Number(process.env["KILL_SEED"] ?? Math.floor(Math.random() * 1e9));
const kills = Number(process.env["KILLS"] ?? 3);
const messages = 600;

describe.runIf(isKillable).each(([4, 5] as const).map((version) => ({ version, name: versionNames[version] })))(
  "in $name",
  ({ version }) => {
    test(`${kills} kills with seed ${seed} lose, double and reorder nothing`, { timeout: 300_000 }, async (context) => {
      if (version === 5 && !broker().features.versionFive) return context.skip();
      const { verdict } = await runWithKills(broker(), { seed, kills, version, messages });
      expect(verdict).toMatchObject({
        lost: 0,
        repeatedAtQualityTwo: 0,
        outOfOrder: 0,
        sessionsForgotten: 0,
        refused: 0,
        wills: { lost: 0, repeated: 0, uncalledFor: 0 },
        retained: { wrong: 0 },
      });
      expect(verdict.acknowledged).toBe(verdict.messages);
      expect(verdict.wills.owed).toBeGreaterThan(0);
      expect(verdict.retained.looked).toBeGreaterThan(0);
      // Plain and delayed messages of both QoS, for each of three audiences.
      if (isOurs) expect(verdict.streams).toHaveLength(12);
      expect(verdict.passed).toBe(true);
    });
  },
);
