// Reads a broker's counters from its Prometheus page, and what a workload added to them.

export interface Meter {
  readonly rowsWritten: number;
  readonly rowsRead: number;
  readonly objectCalls: number;
  readonly socketMessages: number;
  readonly alarms: number;
  readonly alarmsSet: number;
  readonly awakeMs: number;
  readonly connectionsOpened: number;
  readonly wakes: number;
}

const counters: Readonly<Record<keyof Meter, string>> = {
  rowsWritten: "durablemq_rows_written_total",
  rowsRead: "durablemq_rows_read_total",
  objectCalls: "durablemq_object_calls_total",
  socketMessages: "durablemq_socket_messages_total",
  alarms: "durablemq_alarms_total",
  alarmsSet: "durablemq_alarms_set_total",
  awakeMs: "durablemq_awake_ms_total",
  connectionsOpened: "durablemq_connections_opened_total",
  wakes: "durablemq_wakes_total",
};

export const meterNames = Object.keys(counters) as (keyof Meter)[];

export const emptyMeter = Object.fromEntries(meterNames.map((name) => [name, 0])) as unknown as Meter;

const settleReadingsMax = 12;
const settlePauseMs = 250;
/** All of a local broker runs on one thread: while it is busy it answers late. */
const requestTimeoutMs = 60_000;

/** The value of a counter, summed over its labels; undefined when the page does not have it. */
export function counterIn(page: string, name: string): number | undefined {
  let sum: number | undefined;
  for (const line of page.split("\n")) {
    if (!line.startsWith(name)) continue;
    const rest = line.slice(name.length);
    if (!rest.startsWith(" ") && !rest.startsWith("{")) continue;
    const value = Number(
      rest
        .slice(rest.lastIndexOf("}") + 1)
        .trim()
        .split(/\s+/)[0],
    );
    if (Number.isFinite(value)) sum = (sum ?? 0) + value;
  }
  return sum;
}

export async function readPage(metricsUrl: string): Promise<string> {
  const answer = await fetch(metricsUrl, { signal: AbortSignal.timeout(requestTimeoutMs) });
  if (!answer.ok) throw new Error(`${metricsUrl} answers ${answer.status}`);
  return answer.text();
}

async function readMeter(metricsUrl: string): Promise<Meter> {
  const page = await readPage(metricsUrl);
  const entries = meterNames.map((name) => [name, counterIn(page, counters[name]) ?? 0] as const);
  return Object.fromEntries(entries) as unknown as Meter;
}

/** Reads until the rows stop growing, because the last acknowledgements are worked off after the last message. */
export async function settledMeter(metricsUrl: string | undefined): Promise<Meter | undefined> {
  if (metricsUrl === undefined) return undefined;
  let latest = await readMeter(metricsUrl);
  for (let reading = 0; reading < settleReadingsMax; reading += 1) {
    await new Promise((resolve) => setTimeout(resolve, settlePauseMs));
    const next = await readMeter(metricsUrl);
    const isQuiet = next.rowsWritten === latest.rowsWritten;
    latest = next;
    if (isQuiet) break;
  }
  return latest;
}

/** What was added between two readings, per message. */
export function perMessage(before: Meter, after: Meter, messages: number): Meter {
  const entries = meterNames.map((name) => [name, (after[name] - before[name]) / messages] as const);
  return Object.fromEntries(entries) as unknown as Meter;
}
