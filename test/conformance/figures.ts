// The figures of docs/conformance.md.

import { bindsUs, type Statement } from "./statement.ts";
import { statementsThree } from "./statements-3.ts";
import { statementsFive } from "./statements-5.ts";
import { untested } from "./untested.ts";

const reasons = ["not yet", "broken", "no subject", "untestable", "gap"] as const;

/** A Markdown table, a column for each version. */
export function figuresTable(cited: ReadonlySet<string>): string {
  const five = figures(statementsFive, "MQTT-", cited);
  const three = figures(statementsThree, "MQTT3-", cited);
  const rows = five.map(([name, count], index) => `| ${name} | ${count} | ${three[index]?.[1]} |`);
  return ["| | 5.0 | 3.1.1 |", "| - | -: | -: |", ...rows].join("\n");
}

function figures(statements: readonly Statement[], prefix: string, cited: ReadonlySet<string>): [string, number][] {
  const binding = statements.filter(bindsUs);
  const listed = untested.filter(({ id }) => id.startsWith(prefix));
  const isListed = new Set(listed.map(({ id }) => id));
  return [
    ["numbered statements", statements.length],
    ["binding this server", binding.length],
    ["of these, rules for clients that it polices", binding.filter(({ policed }) => policed !== undefined).length],
    [
      "cited by a test, and not known to be broken",
      binding.filter(({ id }) => cited.has(prefix + id) && !isListed.has(prefix + id)).length,
    ],
    ["untested, or broken", listed.length],
    ...reasons.map((why): [string, number] => [why, listed.filter((entry) => entry.why === why).length]),
  ];
}
