// Two connections fight over one client id, each dialling at once when it is taken over: nothing is lost, doubled or out
// of order, there is one owner at the end, and what a take-over costs does not grow. `npm run bench:kill -- --fight 60`
// fights for a minute.

import { describe, expect, test } from "vitest";
import { runFight } from "../../bench/kill/fight.ts";
import { isOurs, versionNames } from "../support/broker.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();
const seconds = 3;
const messagesPerSecond = 50;
/** Of the session: its window and what the last connection left. A message costs a few more, wherever it goes. */
const rowsOfTakeOverMax = 4;
const rowsOfMessageMax = 8;

describe.runIf(isOurs).each(([4, 5] as const).map((version) => ({ version, name: versionNames[version] })))(
  "in $name",
  ({ version }) => {
    test("a fight over one client id", async () => {
      const rowsBefore = await broker().counter("durablemq_rows_written_total");
      const { verdict, connections, owners } = await runFight(broker().url, { version, seconds, messagesPerSecond });
      const rows = (await broker().counter("durablemq_rows_written_total")) - rowsBefore;
      expect(verdict).toMatchObject({
        lost: 0,
        repeatedAtQualityTwo: 0,
        outOfOrder: 0,
        sessionsForgotten: 0,
        passed: true,
      });
      expect(owners).toBe(1);
      expect(connections).toBeGreaterThan(10);
      expect(rows).toBeLessThan(connections * rowsOfTakeOverMax + verdict.messages * rowsOfMessageMax);
    });
  },
);
