// Keys of the HTTP API and of devices, as what the database keeps of them: who has a key can use it after an import elsewhere, and
// nobody learns it from an export.

import * as z from "zod/mini";
import { userSubject } from "../../auth/subjects.ts";
import { type ApiKey, apiKeyShape, apiKeysAfter } from "../../d1/api-keys.ts";
import { countDeviceKeysByUser, type DeviceKey, deviceKeyShape, deviceKeysAfter } from "../../d1/device-keys.ts";
import { find } from "../../d1/seen.ts";
import { put } from "../../d1/shape.ts";
import { userShape } from "../../d1/users.ts";
import { scopeList } from "../api-keys.ts";
import { deviceKeysMax } from "../device-keys.ts";
import { conflict } from "../problem.ts";
import { comment, endsAt, name } from "../schemas.ts";
import { exported, intake, type Table, tooMany } from "./table.ts";

const common = {
  id: z.string().check(z.regex(/^[0-9a-z]{19}$/)),
  hash: z.string().check(z.regex(/^[A-Za-z0-9+/]{43}=$/, "no SHA-256 in base64")),
  expiresAtMs: endsAt,
};

const apiKey = z.strictObject({ ...common, name, scopes: scopeList, createdAtMs: z.optional(z.int()) });

export const apiKeysTable: Table = {
  name: "api-keys",
  about: "With the SHA-256 of each key in place of the key.",
  columns: { id: "text", name: "text", scopes: "list", hash: "text", expiresAtMs: "number", createdAtMs: "number" },
  item: z.object({ ...common, name: z.string(), scopes: scopeList, createdAtMs: z.number() }),
  async export(control, after, limit) {
    return exported(
      await apiKeysAfter(control, after, limit),
      limit,
      ({ id }) => id,
      ({ expiresAtMs = null, ...key }) => ({ ...key, expiresAtMs }),
    );
  },
  intake: intake<typeof apiKey, ApiKey>({
    row: apiKey,
    shape: apiKeyShape,
    keyOf: ({ id }) => [id],
    concerns: () => undefined,
    check: async () => [],
    async put(rows, _there, { control, nowMs }) {
      const keys = rows.map(({ expiresAtMs, createdAtMs = nowMs, ...key }) => ({
        ...key,
        expiresAtMs: expiresAtMs ?? undefined,
        createdAtMs,
      }));
      return put(control, apiKeyShape, keys);
    },
  }),
};

const deviceKey = z.strictObject({ ...common, user: name, comment, createdAtMs: z.optional(z.int()) });

export const deviceKeysTable: Table = {
  name: "device-keys",
  about: "With the SHA-256 of each key in place of the key.",
  columns: {
    id: "text",
    user: "text",
    hash: "text",
    comment: "text",
    expiresAtMs: "number",
    createdAtMs: "number",
  },
  item: z.object({ ...common, user: z.string(), comment: z.string(), createdAtMs: z.number() }),
  async export(control, after, limit) {
    return exported(
      await deviceKeysAfter(control, after, limit),
      limit,
      ({ id }) => id,
      ({ expiresAtMs = null, ...key }) => ({ ...key, expiresAtMs }),
    );
  },
  intake: intake<typeof deviceKey, DeviceKey>({
    row: deviceKey,
    shape: deviceKeyShape,
    keyOf: ({ id }) => [id],
    concerns: ({ user }) => userSubject(user),
    needs: (rows, control) =>
      find(
        control,
        userShape,
        namesOf(rows).map((user) => [user]),
      ),
    async check(rows, known, { control }) {
      const users = namesOf(rows);
      const missing = users.filter((user) => !known.isThere(user));
      // A key that waited for a user of that name would let in who has it.
      if (missing.length > 0) {
        throw conflict(`There is no user ${missing.slice(0, 10).join(", ")}.`, "Import the users first.");
      }
      return tooMany(rows, known, {
        ownerOf: ({ user }) => user,
        known: await countDeviceKeysByUser(control, users),
        max: deviceKeysMax,
        field: "user",
      });
    },
    async put(rows, _there, { control, nowMs }) {
      const keys = rows.map(({ expiresAtMs, createdAtMs = nowMs, ...key }) => ({
        ...key,
        expiresAtMs: expiresAtMs ?? undefined,
        createdAtMs,
      }));
      return put(control, deviceKeyShape, keys);
    },
  }),
};

function namesOf(rows: readonly z.output<typeof deviceKey>[]): string[] {
  return [...new Set(rows.map(({ user }) => user))];
}
