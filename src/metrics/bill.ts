// From what was counted to what it costs.

import { type Metered, objectGigabytes, prices } from "./prices.ts";

/** As the broker counts. */
export interface Counted {
  readonly rowsWritten: number;
  readonly rowsRead: number;
  readonly alarmsSet: number;
  readonly alarms: number;
  readonly objectCalls: number;
  readonly socketMessages: number;
  readonly awakeMs: number;
  readonly connectionsOpened: number;
  /** Of the edge, which the broker cannot count itself. */
  readonly workerCpuMs: number;
}

export type Usage = Readonly<Record<Metered, number>>;

export function usageOf(counted: Counted): Usage {
  return {
    rowsWritten: counted.rowsWritten + counted.alarmsSet,
    rowsRead: counted.rowsRead,
    // An upgrade is counted as a call of the edge.
    objectRequests: counted.objectCalls + counted.alarms,
    socketMessages: counted.socketMessages,
    gigabyteSeconds: (counted.awakeMs / 1000) * objectGigabytes,
    workerRequests: counted.connectionsOpened,
    workerCpuMs: counted.workerCpuMs,
  };
}

export interface Bill {
  readonly dollars: number;
  readonly parts: Readonly<Record<Metered, number>>;
}

/** For `times` of it, with nothing included. */
export function billOf(usage: Usage, times: number): Bill {
  const metered = Object.keys(prices) as Metered[];
  const parts = Object.fromEntries(
    metered.map((name) => [name, (usage[name] * times * prices[name].dollars) / prices[name].per]),
  ) as Record<Metered, number>;
  return { dollars: metered.reduce((sum, name) => sum + parts[name], 0), parts };
}
