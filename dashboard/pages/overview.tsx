// What the broker does at the moment, and what it costs.

import type { ComponentChildren } from "preact";
import { sampleMetrics } from "../api/metrics.ts";
import { useResource } from "../api/resource.ts";
import { rate, ratesOf, type Sample } from "../api/sample.ts";
import { Chart } from "../parts/chart.tsx";
import { Page, Section } from "../parts/page.tsx";
import { Empty, WhenReady } from "../parts/states.tsx";
import { Table } from "../parts/table.tsx";
import { brief, Code, count } from "../parts/words.tsx";
import { billOf, dollars, monthlyBill } from "./bill.ts";

const everyMs = 2_000;

export function Overview() {
  const samples = useResource("metrics", sampleMetrics, everyMs);
  return (
    <Page title="Overview" about="Counts are of the running copy of the Worker, since it started; rates are of now.">
      <WhenReady resource={samples}>{(value) => <Figures samples={value} />}</WhenReady>
    </Page>
  );
}

function Figures({ samples }: { readonly samples: readonly Sample[] }) {
  const latest = samples.at(-1);
  const first = samples[0];
  if (latest === undefined || first === undefined) return null;
  const previous = samples.at(-2) ?? latest;
  const connections =
    latest.get("durablemq_connections_opened_total") - latest.get("durablemq_connections_closed_total");
  const monthly = monthlyBill(first, latest);
  const atMs = samples.map((sample) => sample.atMs);
  const chartOf = (...series: readonly (readonly [string, string])[]) =>
    series.map(([label, name]) => ({ label, values: ratesOf(samples, name) }));
  const total = (name: string) => `${brief(latest.get(name))} in all`;
  return (
    <>
      <div class="tiles">
        <Tile name="Clients" value={count(connections)} note={total("durablemq_connections_opened_total")} />
        <Tile
          name="Messages in"
          value={`${brief(rate(previous, latest, "durablemq_messages_published_total"))}/s`}
          note={total("durablemq_messages_published_total")}
        />
        <Tile
          name="Messages out"
          value={`${brief(rate(previous, latest, "durablemq_messages_sent_total"))}/s`}
          note={total("durablemq_messages_sent_total")}
        />
        <Tile name="Given up" value={count(latest.get("durablemq_drops_total"))} note="messages in all" />
        <Tile name="Refused" value={count(latest.get("durablemq_refusals_total"))} note="in all" />
        <Tile
          name="Bill so far"
          value={dollars(billOf(latest))}
          note={monthly === undefined ? "per month: in a moment" : `${dollars(monthly)} a month at this rate`}
        />
      </div>
      <div class="charts">
        <Chart
          title="Messages a second"
          atMs={atMs}
          series={chartOf(["in", "durablemq_messages_published_total"], ["out", "durablemq_messages_sent_total"])}
        />
        <Chart
          title="Given up and refused, a second"
          atMs={atMs}
          series={chartOf(["given up", "durablemq_drops_total"], ["refused", "durablemq_refusals_total"])}
        />
        <Chart
          title="What is billed, a second"
          atMs={atMs}
          series={chartOf(["rows written", "durablemq_rows_written_total"], ["calls", "durablemq_object_calls_total"])}
        />
      </div>
      <div class="halves">
        <Reasons title="Given up" sample={latest} name="durablemq_drops_total" none="No message was given up." />
        <Reasons title="Refused" sample={latest} name="durablemq_refusals_total" none="Nothing was refused." />
      </div>
      <p class="faint small">
        The bill counts rows, calls, socket messages and alarms at Cloudflare’s prices, before what a plan includes;
        time awake, CPU and storage are not in it.
      </p>
    </>
  );
}

function Tile({
  name,
  value,
  note,
}: {
  readonly name: string;
  readonly value: string;
  readonly note: ComponentChildren;
}) {
  return (
    <div class="tile">
      <h2>{name}</h2>
      <p class="tile-value">{value}</p>
      <p class="tile-note">{note}</p>
    </div>
  );
}

interface ReasonsProps {
  readonly title: string;
  readonly sample: Sample;
  readonly name: string;
  readonly none: string;
}

function Reasons({ title, sample, name, none }: ReasonsProps) {
  const reasons = sample.by(name, "reason");
  return (
    <Section title={title}>
      {reasons.length === 0 ? (
        <Empty title={none} />
      ) : (
        <Table
          caption={`${title}, by reason`}
          rows={reasons}
          keyOf={([reason]) => reason}
          columns={[
            { head: "Reason", cell: ([reason]) => <Code>{reason}</Code> },
            { head: "Times", kind: "number", cell: ([, times]) => count(times) },
          ]}
        />
      )}
    </Section>
  );
}
