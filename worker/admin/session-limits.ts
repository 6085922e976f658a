// Limits of one session as the HTTP API takes them.

import * as z from "zod/mini";
import { SESSION_NEVER_EXPIRES } from "../../src/protocol/packet.ts";
import type { SessionOverrides } from "../../src/session/changes.ts";

export const sessionLimits = z.strictObject({
  queueMessagesMax: z.optional(z.int().check(z.minimum(1), z.maximum(10_000_000))),
  queueBytesMax: z.optional(z.int().check(z.minimum(1024), z.maximum(5_000_000_000))),
  queuePolicy: z.optional(z.enum(["reject", "drop-oldest", "drop-newest"])),
  inflightMax: z.optional(z.int().check(z.minimum(1), z.maximum(65_535))),
  subscriptionsMax: z.optional(z.int().check(z.minimum(1), z.maximum(100_000))),
  sessionExpirySecondsMax: z
    .optional(z.int().check(z.minimum(1), z.maximum(SESSION_NEVER_EXPIRES - 1)))
    .check(z.describe("How long it outlives its connections, whatever its client asks for.")),
});

export function limitsIn(given: z.output<typeof sessionLimits>): SessionOverrides {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
