// Clients and sessions as the HTTP API shows them.

import * as z from "zod/mini";
import type { Entry, Standing } from "../../src/directory/entry.ts";
import { clientIdOf } from "../../src/directory/listing.ts";
import { SESSION_NEVER_EXPIRES } from "../../src/protocol/packet.ts";
import { webhookPrefix } from "../names.ts";
import { page } from "./schemas.ts";

export const clientId = z.string().check(
  z.minLength(1),
  z.maxLength(65_535),
  z.refine((value) => value.isWellFormed() && !value.includes("\u0000"), "is no client id"),
  z.describe("As the client sends it in CONNECT, percent-encoded in a path."),
);

export const clientPath = z.strictObject({ clientId });

/** Of a session that is managed as a session: that of a webhook is what its webhook says. */
export const changeableId = clientId.check(
  z.refine(
    (value) => !value.startsWith(webhookPrefix),
    "is the session of a webhook: change or delete that, under /api/v1/webhooks",
  ),
);

export const changeablePath = z.strictObject({ clientId: changeableId });

export const clientState = z
  .enum(["connected", "away", "provisioned"])
  .check(z.describe("provisioned: the session was made for a client that has yet to connect."));

const time = z.nullable(z.number());

const standing = {
  clientId: z.nullable(z.string()).check(z.describe("null: longer than 512 bytes, and not kept.")),
  state: clientState,
  user: z.nullable(z.string()).check(z.describe("Who the client has proved to be.")),
  address: z.nullable(z.string()).check(z.describe("Of its last connection.")),
  protocol: z.nullable(z.enum(["3.1", "3.1.1", "5.0"])),
  connectedAtMs: time.check(z.describe("When its last connection began.")),
  disconnectedAtMs: time.check(z.describe("Since when it is not connected.")),
  expiresAtMs: time.check(z.describe("When its session ends if nobody connects; null: not, or it is connected.")),
};

export const shownClient = z.object(standing);

export const shownDetails = z.object({
  ...standing,
  expirySeconds: z
    .nullable(z.number())
    .check(z.describe("How long the session outlives its connection; 0: not at all, null: for ever.")),
  connection: z.nullable(
    z.object({
      keepAliveSeconds: z.number(),
      receiveMaximum: z.number(),
      maximumPacketBytes: z.number(),
      topicAliasMaximum: z.number(),
    }),
  ),
  limits: z.object({
    queueMessagesMax: z.number(),
    queueBytesMax: z.number(),
    queuePolicy: z.string(),
    inflightMax: z.number(),
    subscriptionsMax: z.number(),
    receiveMaximum: z.number(),
    maximumPacketBytes: z.number(),
  }),
  subscriptions: z.number(),
  queue: z.object({
    messages: z.number().check(z.describe("Waiting, on their way, or leased.")),
    bytes: z.number().check(z.describe("Of all segments that hold any of them.")),
    inflight: z.number().check(z.describe("Sent to the client and not finished.")),
    leased: z.number().check(z.describe("Handed out over HTTP and not finished.")),
  }),
  inboundQos2: z.number().check(z.describe("Messages of QoS 2 that the client has yet to release.")),
  hasWill: z.boolean(),
  dueWills: z.number().check(z.describe("Wills that wait for their delay, or for a shard.")),
  drops: z.record(z.string(), z.number()).check(z.describe("Messages given up, by reason.")),
  recent: z
    .array(z.object({ atMs: z.number(), event: z.enum(["drop", "refusal"]), reason: z.string(), detail: z.string() }))
    .check(z.describe("The last drops and refusals, as far as its object remembers them: not beyond its sleep.")),
});

const filters = {
  state: z.optional(clientState),
  user: z.optional(z.string().check(z.maxLength(1024))),
  address: z.optional(z.string().check(z.maxLength(64))),
  prefix: z.optional(z.string().check(z.maxLength(1024), z.describe("Of the client id."))),
};

const idleSince = z.int().check(z.minimum(0), z.describe("Not connected since this time, or longer."));

export const listQuery = z.extend(page, {
  ...filters,
  idleSinceMs: z.optional(z.coerce.number().check(z.int(), z.minimum(0))),
});

export const selection = z
  .strictObject({ ...filters, idleSinceMs: z.optional(idleSince) })
  // Every client id begins with nothing.
  .check(z.refine((given) => Object.values(given).some((one) => (one ?? "") !== ""), "names at least one filter"));

/** What is known of it apart from the directory stands in `known`. */
export function showClient(entry: Standing & Partial<Entry>): z.output<typeof shownClient> {
  const { name = "", state, username, address, version, connectedAtMs, disconnectedAtMs = 0, expiresAtMs } = entry;
  return {
    clientId: clientIdOf({ clientId: entry.clientId, name }) ?? null,
    state,
    user: username ?? null,
    address: address ?? null,
    protocol: version === 0 ? null : protocols[version],
    connectedAtMs: orNull(connectedAtMs),
    disconnectedAtMs: orNull(disconnectedAtMs),
    expiresAtMs: orNull(expiresAtMs),
  };
}

const protocols = { 3: "3.1", 4: "3.1.1", 5: "5.0" } as const;

function orNull(atMs: number): number | null {
  return atMs === 0 ? null : atMs;
}

export function showExpiry(seconds: number): number | null {
  return seconds === SESSION_NEVER_EXPIRES ? null : seconds;
}
