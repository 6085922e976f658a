// Device keys: secrets that a user's devices show instead of a password. A key is shown once, when it is made.

import * as z from "zod/mini";
import { deviceKeyPrefix } from "../auth/device-key.ts";
import { hashOf, newId, newSecret } from "../auth/secret.ts";
import { userSubject } from "../auth/subjects.ts";
import { type DeviceKey, deleteDeviceKey, deviceKeyShape, deviceKeysQuery, toDeviceKey } from "../d1/device-keys.ts";
import { put } from "../d1/shape.ts";
import { change } from "./change.ts";
import { existing } from "./existing.ts";
import { conflict, invalid, notFound } from "./problem.ts";
import { route } from "./route.ts";
import { comment, endsAt, name, none } from "./schemas.ts";
import { existingUser } from "./users.ts";

const tag = "Device keys";
/** All of a user are read together at CONNECT. */
export const deviceKeysMax = 100;

const shown = z.object({
  id: z.string(),
  user: z.string(),
  comment: z.string(),
  expiresAtMs: z.nullable(z.number()),
  createdAtMs: z.number(),
});

function show({ hash: _hash, expiresAtMs, ...rest }: DeviceKey) {
  return { ...rest, expiresAtMs: expiresAtMs ?? null };
}

const params = z.strictObject({ name });

export const deviceKeyRoutes = [
  route({
    method: "GET",
    path: "/users/{name}/keys",
    scope: "read",
    tag,
    summary: "List a user's device keys",
    params,
    query: none,
    answers: {
      status: 200,
      description: "Keys, without their secrets.",
      schema: z.object({ items: z.array(shown) }),
    },
    async handle({ control, path }) {
      await existingUser(control, path.name);
      const [rows = []] = await control.read([deviceKeysQuery(control, path.name, deviceKeysMax)]);
      return { status: 200, body: { items: rows.map(toDeviceKey).map(show) } };
    },
  }),
  route({
    method: "POST",
    path: "/users/{name}/keys",
    scope: "admin",
    tag,
    summary: "Create a device key",
    params,
    query: none,
    body: z.strictObject({ comment, expiresAtMs: endsAt }),
    answers: {
      status: 201,
      description: "The key. `key` is shown this once; the device sends it as its password.",
      schema: z.extend(shown, { key: z.string() }),
    },
    async handle(call) {
      const { control, path, body, nowMs } = call;
      if (body.expiresAtMs !== null && body.expiresAtMs <= nowMs) throw invalid("body.expiresAtMs", "is over already");
      const { seen } = await existingUser(control, path.name);
      const [known = []] = await control.read([deviceKeysQuery(control, path.name, deviceKeysMax)]);
      if (known.length >= deviceKeysMax) {
        throw conflict(`The user has ${deviceKeysMax} keys.`, "Delete one, or make a user for each device.");
      }
      const secret = newSecret();
      const key: DeviceKey = {
        id: newId(nowMs),
        user: path.name,
        hash: hashOf(secret),
        comment: body.comment,
        expiresAtMs: body.expiresAtMs ?? undefined,
        createdAtMs: nowMs,
      };
      await change(call, {
        // A key that waited for a user of that name would let in who has it.
        restsOn: [seen],
        statements: put(control, deviceKeyShape, [key]),
        concerns: [userSubject(path.name)],
        action: "device-key.create",
        subject: path.name,
        after: show(key),
      });
      return { status: 201, body: { ...show(key), key: deviceKeyPrefix + secret } };
    },
  }),
  route({
    method: "DELETE",
    path: "/users/{name}/keys/{id}",
    scope: "admin",
    tag,
    summary: "Delete a device key",
    description: "Takes effect at once: connections that rested on it are ended.",
    params: z.extend(params, { id: z.string().check(z.maxLength(64)) }),
    query: none,
    answers: { status: 204, description: "The key is gone." },
    async handle(call) {
      const { control, path } = call;
      const what = `key ${JSON.stringify(path.id)} of ${JSON.stringify(path.name)}`;
      const { item: before, seen } = await existing(control, deviceKeyShape, [path.id], what);
      if (before.user !== path.name) throw notFound(what);
      await change(call, {
        restsOn: [seen],
        statements: [deleteDeviceKey(control, path.id)],
        concerns: [userSubject(path.name)],
        action: "device-key.delete",
        subject: path.name,
        before: show(before),
      });
      return { status: 204 };
    },
  }),
];
