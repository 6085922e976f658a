// Everything that is counted, and how it is written down for Prometheus. The list is closed: a counter that is not here
// does not exist, and one that nobody raises is a mistake. Counts are of one running copy of the Worker.

import { billOf, usageOf } from "./bill.ts";
import { boundsCount, Histogram } from "./histogram.ts";

export const counterHelp = {
  rows_read: "SQL rows read by objects",
  rows_written: "SQL rows written by objects, deletes included",
  object_calls: "Calls between objects and from the edge to an object",
  directory_calls: "Of these, those about the list of sessions",
  directory_rows_written: "Of the rows written, those of the list of sessions",
  socket_messages: "WebSocket messages that reached an object",
  alarms: "Alarms that fired",
  alarms_set: "Alarms set, each billed as a row",
  awake_ms: "Milliseconds for which objects were awake, each counted for itself",
  wakes: "Objects constructed, after hibernation, eviction or for the first time",
  connections_opened: "MQTT connections accepted",
  connections_closed: "MQTT connections ended",
  authentications: "Authentication exchanges that succeeded, on CONNECT or later",
  api_calls: "Calls of the HTTP API",
  passwords_hashed: "Passwords hashed, to make or to verify one",
  control_reads: "Reads of the control database",
  control_changes: "Changes of the control database",
  pings: "PINGREQs answered at the edge",
  frames_in: "WebSocket messages from clients",
  frames_out: "WebSocket messages to clients",
  messages_published: "PUBLISH packets taken from clients, by QoS",
  messages_over_http: "Messages taken over the HTTP API",
  messages_sent: "PUBLISH packets sent to clients, by QoS",
  message_bytes: "Bytes of payloads, from clients (in) and to them (out)",
  messages_delayed: "Messages taken to be published later",
  messages_released: "Delayed messages published",
  retained_expired: "Retained messages deleted because their time was over",
  batches_unwritten: "Batches of QoS 1 that needed no row, because their client acknowledged them in time",
  deliveries_owed: "Deliveries that missed the deadline and went to a shard's outbox",
  call_retries: "Calls between objects that were repeated",
  trace_events: "Events recorded for traces",
  trace_events_missed: "Events that a trace had no room for, or could not be told",
  drops: "Messages given up, by reason",
  webhook_batches: "Attempts to hand a batch to a webhook, by what came of them",
  events_missed: "Events that no webhook was told of, by reason",
  refusals: "Packets, connections and subscriptions refused, by reason",
} as const;

/** What took how long; each is written down as `<name>_seconds`. */
export const histogramHelp = {
  puback: "From a session's call with messages of QoS 1 and 2 to the answer that their acknowledgements wait for",
  webhook: "From the request to a webhook to its answer",
  delivery: "From a shard's call with messages to the answer of the session that takes them over",
} as const;

/** How many messages a session's queue held, each time that some were stored there. */
export const depthName = "queue_depth";
export const depthHelp = "Messages in a session's queue, each time that some were stored there";

/** Counters that are kept for each value of a label. */
export const counterLabels = {
  messages_published: "qos",
  messages_sent: "qos",
  message_bytes: "direction",
  webhook_batches: "outcome",
  events_missed: "reason",
  drops: "reason",
  refusals: "reason",
} as const;

export type CounterName = keyof typeof counterHelp;
export type LabelledCounter = keyof typeof counterLabels;
export type HistogramName = keyof typeof histogramHelp;

export class Counters {
  readonly #counts = new Map<CounterName, number>();
  readonly #labelled = new Map<LabelledCounter, Map<string | number, number>>();
  readonly #histograms = new Map<HistogramName, Histogram>();
  readonly #depths = new Histogram(boundsCount, 1);

  add(name: Exclude<CounterName, LabelledCounter>, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  addFor(name: LabelledCounter, label: string | number, count = 1): void {
    let labelled = this.#labelled.get(name);
    if (labelled === undefined) {
      labelled = new Map();
      this.#labelled.set(name, labelled);
    }
    labelled.set(label, (labelled.get(label) ?? 0) + count);
  }

  foundDepth(messages: number): void {
    this.#depths.add(messages, 1);
  }

  /** So many things that each took so long. */
  took(name: HistogramName, tookMs: number, count = 1): void {
    let histogram = this.#histograms.get(name);
    if (histogram === undefined) {
      histogram = new Histogram();
      this.#histograms.set(name, histogram);
    }
    histogram.add(tookMs, count);
  }

  getFor(name: LabelledCounter, label: string | number): number {
    return this.#labelled.get(name)?.get(label) ?? 0;
  }

  /** Over all values of its label, if it has one. */
  get(name: CounterName): number {
    if (!isLabelled(name)) return this.#counts.get(name) ?? 0;
    return [...(this.#labelled.get(name)?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  }

  /** Every value there is; those without a label have "". Of histograms, how many fell into each bucket. */
  *samples(): Generator<{ readonly name: string; readonly label: string; readonly count: number }> {
    for (const [name, count] of this.#counts) yield { name, label: "", count };
    for (const [name, labelled] of this.#labelled) {
      for (const [label, count] of labelled) yield { name, label: `${label}`, count };
    }
    for (const [name, histogram] of this.#histograms) {
      for (const [label, count] of histogram.buckets()) yield { name: `${name}_seconds`, label, count };
    }
    for (const [label, count] of this.#depths.buckets()) yield { name: depthName, label, count };
  }

  /** Prometheus' text format, version 0.0.4. */
  text(): string {
    const lines: string[] = [];
    for (const [name, help] of Object.entries(counterHelp) as [CounterName, string][]) {
      lines.push(`# HELP durablemq_${name}_total ${help}.`, `# TYPE durablemq_${name}_total counter`);
      if (isLabelled(name)) {
        for (const [label, count] of this.#labelled.get(name) ?? []) {
          lines.push(`durablemq_${name}_total{${counterLabels[name]}="${escapeLabel(`${label}`)}"} ${count}`);
        }
      } else {
        lines.push(`durablemq_${name}_total ${this.#counts.get(name) ?? 0}`);
      }
    }
    for (const [name, help] of Object.entries(histogramHelp) as [HistogramName, string][]) {
      const full = `durablemq_${name}_seconds`;
      lines.push(`# HELP ${full} ${help}.`, `# TYPE ${full} histogram`);
      lines.push(...(this.#histograms.get(name) ?? new Histogram()).lines(full));
    }
    const depths = `durablemq_${depthName}`;
    lines.push(`# HELP ${depths} ${depthHelp}.`, `# TYPE ${depths} histogram`, ...this.#depths.lines(depths));
    lines.push(...this.#billLines());
    const open = this.get("connections_opened") - this.get("connections_closed");
    lines.push("# HELP durablemq_connections MQTT connections that are open.", "# TYPE durablemq_connections gauge");
    lines.push(`durablemq_connections ${open}`);
    return `${lines.join("\n")}\n`;
  }

  /** What this copy has cost so far, but for the processor's time at the edge, which it cannot see. */
  #billLines(): string[] {
    const usage = usageOf({
      rowsWritten: this.get("rows_written"),
      rowsRead: this.get("rows_read"),
      alarmsSet: this.get("alarms_set"),
      alarms: this.get("alarms"),
      objectCalls: this.get("object_calls"),
      socketMessages: this.get("socket_messages"),
      awakeMs: this.get("awake_ms"),
      connectionsOpened: this.get("connections_opened"),
      workerCpuMs: 0,
    });
    const name = "durablemq_estimated_dollars_total";
    return [
      `# HELP ${name} What the counts of this copy cost beyond what a month includes, by what is metered.`,
      `# TYPE ${name} counter`,
      ...Object.entries(billOf(usage, 1).parts).map(([part, dollars]) => `${name}{part="${part}"} ${dollars}`),
    ];
  }
}

function isLabelled(name: CounterName): name is LabelledCounter {
  return Object.hasOwn(counterLabels, name);
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
