// An event of a trace as one line that a person reads.

import type { TraceEvent } from "./event.ts";

const arrows: Partial<Record<TraceEvent["what"], string>> = { received: "→", sent: "←" };

export function wordsOf(event: TraceEvent): string {
  const { what, packet, packetId, topic, qos, retain, dup, payloadBytes, filters, reason, rule } = event;
  const { user, detail, targets, sessions, groups, payload, encoding } = event;
  const parts = [
    arrows[what] ?? what,
    packet,
    packetId !== undefined && `id ${packetId}`,
    topic,
    filters?.join(", "),
    qos !== undefined && `QoS ${qos}`,
    retain && "retain",
    dup && "dup",
    payloadBytes !== undefined && `${payloadBytes} bytes`,
    user !== undefined && `user ${user}`,
    targets !== undefined && `to ${targets} ${targets === 1 ? "session" : "sessions"}`,
    sessions !== undefined && `(${sessions.join(", ")}${(targets ?? 0) > sessions.length ? ", …" : ""})`,
    groups !== undefined && `and groups ${groups.join(", ")}`,
    reason,
    rule !== undefined && `by ${rule}`,
    detail,
    payload !== undefined && (encoding === "text" ? JSON.stringify(payload) : `base64 ${payload}`),
  ];
  return parts.filter((part) => typeof part === "string" && part !== "").join("  ");
}
