// Reading counters from a Prometheus page.

import { expect, test } from "vitest";
import { counterIn } from "../../../bench/meter.ts";

const page = `# HELP rows_total Rows.
# TYPE rows_total counter
rows_total{object="session",x="}"} 3
rows_total{object="shard"} 4.5 1700000000
rows_total_more 100
plain_total 7
`;

test.each([
  { name: "rows_total", value: 7.5 },
  { name: "plain_total", value: 7 },
  { name: "rows", value: undefined },
  { name: "absent_total", value: undefined },
])("$name is $value", ({ name, value }) => {
  expect(counterIn(page, name)).toBe(value);
});
