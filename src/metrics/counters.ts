// Everything that is counted, and how it is written down for Prometheus. The list is closed: a counter that is not here
// does not exist, and one that nobody raises is a mistake. Counts are of one running copy of the Worker.

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
  messages_published: "PUBLISH packets taken from clients",
  messages_over_http: "Messages taken over the HTTP API",
  messages_sent: "PUBLISH packets sent to clients",
  messages_delayed: "Messages taken to be published later",
  messages_released: "Delayed messages published",
  batches_unwritten: "Batches of QoS 1 that needed no row, because their client acknowledged them in time",
  deliveries_owed: "Deliveries that missed the deadline and went to a shard's outbox",
  call_retries: "Calls between objects that were repeated",
  drops: "Messages given up, by reason",
  refusals: "Packets, connections and subscriptions refused, by reason",
} as const;

export type CounterName = keyof typeof counterHelp;
/** Counters that are kept for each reason. */
export type ReasonedCounter = "drops" | "refusals";

export class Counters {
  readonly #counts = new Map<CounterName, number>();
  readonly #reasons = new Map<ReasonedCounter, Map<string, number>>();

  add(name: Exclude<CounterName, ReasonedCounter>, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  addFor(name: ReasonedCounter, reason: string, count = 1): void {
    let reasons = this.#reasons.get(name);
    if (reasons === undefined) {
      reasons = new Map();
      this.#reasons.set(name, reasons);
    }
    reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  }

  get(name: Exclude<CounterName, ReasonedCounter>): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Prometheus' text format, version 0.0.4. */
  text(): string {
    const lines: string[] = [];
    for (const [name, help] of Object.entries(counterHelp) as [CounterName, string][]) {
      lines.push(`# HELP durablemq_${name}_total ${help}.`, `# TYPE durablemq_${name}_total counter`);
      if (name === "drops" || name === "refusals") {
        for (const [reason, count] of this.#reasons.get(name) ?? []) {
          lines.push(`durablemq_${name}_total{reason="${escapeLabel(reason)}"} ${count}`);
        }
      } else {
        lines.push(`durablemq_${name}_total ${this.#counts.get(name) ?? 0}`);
      }
    }
    return `${lines.join("\n")}\n`;
  }
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
