// Why a client was refused something, as it is kept for who asks.

export interface RefusalEntry {
  readonly atMs: number;
  /** The name that counters and logs have for it. */
  readonly reason: string;
  /** The rule of the specification or of ours, the topic, the access rule that decided. */
  readonly detail: string;
  /** How often since the entry before. */
  readonly count: number;
  readonly user?: string;
  readonly address: string;
}

const denials = new Set([
  "publish-denied",
  "subscribe-denied",
  "subscription-revoked",
  "delivery-denied",
  "will-denied",
]);

/** Whether an access rule has decided so. */
export function isDenial(reason: string): boolean {
  return denials.has(reason);
}

/** The same, also of a refused CONNECT, where the name is that of the rule before its detail; undefined if none has. */
export function denialIn({ reason, detail }: Pick<RefusalEntry, "reason" | "detail">): string | undefined {
  return [reason, detail.split(": ", 1)[0] as string].find(isDenial);
}
