// What Cloudflare asks for beyond what a month includes, in US dollars: Workers Paid, as published in autumn 2026.

/** What is metered, and for how much of it the price is. */
export interface Price {
  readonly dollars: number;
  readonly per: number;
  readonly what: string;
}

const million = 1_000_000;

export const prices = {
  rowsWritten: { dollars: 1, per: million, what: "rows written, deletes and set alarms too" },
  rowsRead: { dollars: 0.001, per: million, what: "rows read" },
  objectRequests: { dollars: 0.15, per: million, what: "requests to objects: calls, upgrades, alarms" },
  /** Twenty of them are one request. */
  socketMessages: { dollars: 0.15 / 20, per: million, what: "WebSocket messages to objects" },
  gigabyteSeconds: { dollars: 12.5, per: million, what: "GB-seconds that objects are awake" },
  workerRequests: { dollars: 0.3, per: million, what: "requests to the Worker: one for each connection" },
  workerCpuMs: { dollars: 0.02, per: million, what: "milliseconds of the Worker's processor time" },
} as const satisfies Readonly<Record<string, Price>>;

export type Metered = keyof typeof prices;

/** An object is billed as if it had all of its memory. */
export const objectGigabytes = 0.128;
