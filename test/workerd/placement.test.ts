// Where objects live: asked of the platform, as it is bound. Its local runtime has no jurisdictions, and says so.

import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { parseConfig } from "../../worker/config.ts";
import { shardName } from "../../worker/names.ts";
import { hint, shardStub, within } from "../../worker/stubs.ts";

test("PLC-1 without a jurisdiction an object is the one of its name", () => {
  expect(within(env.SHARD, parseConfig({}))).toBe(env.SHARD);
  expect(shardStub(env, 3).id.equals(env.SHARD.idFromName(shardName(3)))).toBe(true);
});

test.each(["eu", "us", "fedramp", "fedramp-high"])("PLC-2 jurisdiction %s is asked of the platform", (name) => {
  expect(() => within(env.SHARD, parseConfig({ JURISDICTION: name }))).toThrow(/[Jj]urisdiction/);
});

test("PLC-3 a location hint is passed on for shards, and none is none", () => {
  expect(hint(parseConfig({ SHARD_LOCATION_HINT: "weur" }))).toEqual({ locationHint: "weur" });
  expect(hint(parseConfig({}))).toBeUndefined();
});

test.each([
  ["JURISDICTION", "mars"],
  ["SHARD_LOCATION_HINT", "frankfurt"],
])("PLC-4 %s = %s is refused by name", (name, value) => {
  expect(() => parseConfig({ [name]: value })).toThrow(name);
});
