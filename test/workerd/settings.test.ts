// What an operator reads about the key that calls and about the deployment.

import { expect, test } from "vitest";
import { variableNames } from "../../worker/config.ts";
import { scopes } from "../../worker/scopes.ts";
import { testAdminKey } from "../support/admin-key.ts";
import { api, manage } from "./support/api.ts";

test("a caller learns its name and its scopes", async () => {
  expect(await manage("GET", "/self")).toEqual({
    name: "ADMIN_KEY",
    scopes: [...scopes],
  });
  const { key, id } = await manage("POST", "/api-keys", { name: "operator", scopes: ["operate"] });
  expect((await api("GET", "/self", undefined, key)).body).toEqual({
    name: `key:${id}:operator`,
    scopes: ["operate"],
  });
});

test("every variable is listed, with the value that holds and its source", async () => {
  const { items } = await manage("GET", "/settings");
  expect(items.map(({ name }: { name: string }) => name)).toEqual(variableNames);
  const byName = new Map(items.map((item: { name: string }) => [item.name, item]));
  expect(byName.get("ALLOW_ANONYMOUS")).toEqual({
    name: "ALLOW_ANONYMOUS",
    value: true,
    default: false,
    isSecret: false,
    source: "variable",
  });
  expect(byName.get("SCRAM_USERS")).toMatchObject({ value: null, source: "default" });
});

test("a secret is set or not, and never shown", async () => {
  const { items } = await manage("GET", "/settings");
  expect(items.find(({ name }: { name: string }) => name === "ADMIN_KEY")).toEqual({
    name: "ADMIN_KEY",
    value: null,
    default: null,
    isSecret: true,
    source: "secret",
  });
  expect(JSON.stringify(items)).not.toContain(testAdminKey);
});
