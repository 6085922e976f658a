// Keys of this API. A key is shown once, when it is made.

import * as z from "zod/mini";
import { hashOf, newId, newSecret } from "../auth/secret.ts";
import { type ApiKey, apiKeyShape, apiKeysAfter, deleteApiKey } from "../d1/api-keys.ts";
import { put } from "../d1/shape.ts";
import { scopes } from "../scopes.ts";
import { formatKey } from "./caller.ts";
import { change } from "./change.ts";
import { existing } from "./existing.ts";
import { invalid } from "./problem.ts";
import { route } from "./route.ts";
import { endsAt, idCursor, name, none, page, pageOf, pageSchema } from "./schemas.ts";

const tag = "API keys";

export const scopeList = z.array(z.enum(scopes)).check(z.minLength(1), z.maxLength(scopes.length));

const shown = z.object({
  id: z.string(),
  name: z.string(),
  scopes: scopeList,
  expiresAtMs: z.nullable(z.number()),
  createdAtMs: z.number(),
});

function show({ hash: _hash, expiresAtMs, ...rest }: ApiKey) {
  return { ...rest, scopes: [...rest.scopes], expiresAtMs: expiresAtMs ?? null };
}

export const apiKeyRoutes = [
  route({
    method: "GET",
    path: "/api-keys",
    scope: "admin",
    tag,
    summary: "List API keys",
    params: none,
    query: z.extend(page, { after: idCursor }),
    answers: { status: 200, description: "Keys, without their secrets.", schema: pageSchema(shown) },
    async handle({ control, query }) {
      const keys = await apiKeysAfter(control, query.after, query.limit);
      return { status: 200, body: pageOf(keys.map(show), query.limit, (key) => key.id) };
    },
  }),
  route({
    method: "POST",
    path: "/api-keys",
    scope: "admin",
    tag,
    summary: "Create an API key",
    params: none,
    query: none,
    body: z.strictObject({ name, scopes: scopeList, expiresAtMs: endsAt }),
    answers: {
      status: 201,
      description: "The key. `key` is shown this once.",
      schema: z.extend(shown, { key: z.string() }),
    },
    async handle(call) {
      const { control, body, nowMs } = call;
      if (body.expiresAtMs !== null && body.expiresAtMs <= nowMs) throw invalid("body.expiresAtMs", "is over already");
      const secret = newSecret();
      const key: ApiKey = {
        id: newId(nowMs),
        name: body.name,
        hash: hashOf(secret),
        scopes: [...new Set(body.scopes)],
        expiresAtMs: body.expiresAtMs ?? undefined,
        createdAtMs: nowMs,
      };
      await change(call, {
        restsOn: [],
        statements: put(control, apiKeyShape, [key]),
        action: "api-key.create",
        subject: key.id,
        after: show(key),
      });
      return { status: 201, body: { ...show(key), key: formatKey(key.id, secret) } };
    },
  }),
  route({
    method: "DELETE",
    path: "/api-keys/{id}",
    scope: "admin",
    tag,
    summary: "Delete an API key",
    description: "From then on it is refused.",
    params: z.strictObject({ id: z.string().check(z.maxLength(64)) }),
    query: none,
    answers: { status: 204, description: "The key is gone." },
    async handle(call) {
      const { control, path } = call;
      const { item: before, seen } = await existing(
        control,
        apiKeyShape,
        [path.id],
        `API key ${JSON.stringify(path.id)}`,
      );
      await change(call, {
        restsOn: [seen],
        statements: [deleteApiKey(control, path.id)],
        action: "api-key.delete",
        subject: path.id,
        before: show(before),
      });
      return { status: 204 };
    },
  }),
];
