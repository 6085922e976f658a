// Clients, connected or not: the list, one of them with everything that is known, and their end.

import * as z from "zod/mini";
import type { Standing } from "../../src/directory/entry.ts";
import type { ListFilter } from "../../src/directory/listing.ts";
import { ReasonCode } from "../../src/protocol/reason.ts";
import type { Description } from "../../src/session/describe.ts";
import type { Env } from "../env.ts";
import { sessionName } from "../names.ts";
import { withRetries } from "../retry.ts";
import { directoryStub } from "../stubs.ts";
import {
  clientPath,
  listQuery,
  selection,
  showClient,
  showExpiry,
  shownClient,
  shownDetails,
} from "./client-schemas.ts";
import { endConnections } from "./end-connections.ts";
import { namedMax, note, sessionBefore } from "./note.ts";
import { route } from "./route.ts";
import { none, page, pageSchema } from "./schemas.ts";
import { callSession, orUnavailable } from "./session-call.ts";
import { listSessions } from "./session-list.ts";

const tag = "Clients";

function filterOf({ state, user, address, prefix, idleSinceMs }: z.output<typeof selection>): ListFilter {
  return { state, username: user, address, prefix, idleSinceMs };
}

async function details(env: Env, clientId: string): Promise<z.output<typeof shownDetails>> {
  const { standing, ...described } = await callSession({
    env,
    clientId,
    request: { kind: "describe" },
    hopes: "described",
  });
  const name = sessionName(clientId);
  const entry = await orUnavailable(
    "directory",
    name,
    withRetries(() => directoryStub(env, name).entry(name)),
  );
  const { connectedAtMs = 0, disconnectedAtMs = 0, address } = entry ?? {};
  const isConnected = standing.state === "connected";
  const known: Standing = isConnected ? standing : { ...standing, address, connectedAtMs };
  return {
    ...showClient({ ...known, clientId, disconnectedAtMs: isConnected ? 0 : disconnectedAtMs }),
    ...showDescription(described),
  };
}

function showDescription({ kind: _kind, connection, ...rest }: Omit<Description, "standing">) {
  const { queueMessages, queueBytes, inflight, leased, expirySeconds, recent = [], ...others } = rest;
  return {
    ...others,
    expirySeconds: showExpiry(expirySeconds),
    connection: connection === undefined ? null : showConnection(connection),
    queue: { messages: queueMessages, bytes: queueBytes, inflight, leased },
    drops: { ...rest.drops },
    recent: [...recent],
  };
}

function showConnection(connection: NonNullable<Description["connection"]>) {
  const { keepAliveSeconds, receiveMaximum, maximumPacketBytes, topicAliasMaximum } = connection;
  return { keepAliveSeconds, receiveMaximum, maximumPacketBytes, topicAliasMaximum };
}

export const clientRoutes = [
  route({
    method: "GET",
    path: "/clients",
    scope: "read",
    tag,
    summary: "List clients",
    description:
      "In the order of their ids, those of more than 512 bytes last. The list may be moments behind, and after a crash up to a day for " +
      "clients that have not come back. With a filter that matches little a page may be short or empty: it is the last only if `next` is null.",
    params: none,
    query: listQuery,
    answers: { status: 200, description: "Clients.", schema: pageSchema(shownClient) },
    async handle({ env, query: { after, limit, ...filter } }) {
      const list = await listSessions(env, { ...filterOf(filter), after, limit });
      return { status: 200, body: { items: list.entries.map(showClient), next: list.after ?? null } };
    },
  }),
  route({
    method: "GET",
    path: "/clients/{clientId}",
    scope: "read",
    tag,
    summary: "Read a client, with everything that is known of its session",
    params: clientPath,
    query: none,
    answers: { status: 200, description: "The client.", schema: shownDetails },
    async handle({ env, path: { clientId } }) {
      return { status: 200, body: await details(env, clientId) };
    },
  }),
  route({
    method: "POST",
    path: "/clients/{clientId}/kick",
    scope: "operate",
    tag,
    summary: "End a client's connection",
    description:
      "A 5.0 client is told 0x98. Its will is published, and its session stays as after any lost connection. It may come again: to keep it " +
      "away, ban it first.",
    params: clientPath,
    query: none,
    answers: {
      status: 200,
      description: "Whether there was a connection.",
      schema: z.object({ wasConnected: z.boolean() }),
    },
    async handle(call) {
      const { env, path } = call;
      const found = await note(call, { action: "client.kick", subject: path.clientId });
      const request = { kind: "kick", reason: ReasonCode.administrativeAction } as const;
      const answer = await callSession({ env, clientId: path.clientId, request, hopes: "kicked" });
      const { wasConnected } = answer;
      await found({ before: sessionBefore(answer.before) });
      return { status: 200, body: { wasConnected } };
    },
  }),
  route({
    method: "POST",
    path: "/kick",
    scope: "operate",
    tag,
    summary: "End the connections of all clients that a filter matches",
    description:
      "A page of them: as long as `next` is not null, there may be more, and the next call goes on `after` it.",
    params: none,
    query: page,
    body: selection,
    answers: {
      status: 200,
      description: "How many were connected, and where to go on.",
      schema: z.object({ kicked: z.number(), next: z.nullable(z.string()) }),
    },
    async handle(call) {
      const { env, body, query } = call;
      const found = await note(call, {
        action: "clients.kick",
        subject: JSON.stringify({ ...body, after: query.after }),
      });
      const list = await listSessions(env, { ...filterOf(body), state: body.state ?? "connected", ...query });
      const request = { kind: "kick", reason: ReasonCode.administrativeAction } as const;
      const ended = await endConnections(env, list, request);
      const kicked = ended.length;
      if (kicked > 0) await found({ before: { connected: kicked, clients: ended.slice(0, namedMax) } });
      return { status: 200, body: { kicked, next: list.after ?? null } };
    },
  }),
];
