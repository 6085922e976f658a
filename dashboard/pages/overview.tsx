// What the broker does at the moment, and what it costs.

import type { ComponentChildren } from "preact";
import { sampleMetrics } from "../api/metrics.ts";
import { useResource } from "../api/resource.ts";
import { quantile, rate, ratesOf, type Sample } from "../api/sample.ts";
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
  const monthly = monthlyBill(first, latest);
  const atMs = samples.map((sample) => sample.atMs);
  const chartOf = (...series: readonly (readonly [string, string])[]) =>
    series.map(([label, name]) => ({ label, values: ratesOf(samples, name) }));
  const total = (name: string) => `${brief(latest.get(name))} in all`;
  return (
    <>
      <div class="tiles">
        <Tile
          name="Clients"
          value={count(latest.get("durablemq_connections"))}
          note={total("durablemq_connections_opened_total")}
        />
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
        <Distribution samples={samples} name="Acknowledged" metric="durablemq_puback_seconds" show={milliseconds} />
        <Distribution samples={samples} name="Delivered" metric="durablemq_delivery_seconds" show={milliseconds} />
        <Distribution samples={samples} name="Queue depth" metric="durablemq_queue_depth" show={brief} />
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
          title="Latency of 99 in 100, milliseconds"
          atMs={atMs}
          series={[
            { label: "acknowledged", values: latenciesOf(samples, "durablemq_puback_seconds") },
            { label: "delivered", values: latenciesOf(samples, "durablemq_delivery_seconds") },
          ]}
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
        Acknowledged: from a session’s call with messages to the answer that lets it acknowledge them. Delivered: from a
        shard’s call to the answer of the session that takes them over. Queue depth: messages in a session’s queue, each
        time that some were stored there. The bill is the broker’s own estimate at Cloudflare’s prices, before what a
        plan includes; processor time at the edge and storage are not in it.
      </p>
    </>
  );
}

/** Over the last minute, so that a single slow one is still there when somebody looks. */
const distributionWindowMs = 60_000;

interface DistributionProps {
  readonly samples: readonly Sample[];
  readonly name: string;
  /** A histogram's. */
  readonly metric: string;
  readonly show: (value: number) => string;
}

function Distribution({ samples, name, metric, show }: DistributionProps) {
  const latest = samples.at(-1);
  const from = samples.find(({ atMs }) => latest !== undefined && atMs >= latest.atMs - distributionWindowMs);
  if (latest === undefined || from === undefined) return null;
  const slow = quantile(from, latest, metric, 0.99);
  const middle = quantile(from, latest, metric, 0.5);
  return (
    <Tile
      name={name}
      value={slow === undefined ? "–" : show(slow)}
      note={middle === undefined ? "nothing in the last minute" : `99 in 100; half within ${show(middle)}`}
    />
  );
}

function milliseconds(seconds: number): string {
  return `${brief(seconds * 1000)} ms`;
}

function latenciesOf(samples: readonly Sample[], metric: string): (number | null)[] {
  return samples.map((sample, index) => {
    const previous = samples[index - 1];
    const seconds = previous === undefined ? undefined : quantile(previous, sample, metric, 0.99);
    return seconds === undefined ? null : seconds * 1000;
  });
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
