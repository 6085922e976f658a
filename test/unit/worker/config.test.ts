// A variable with a value that is none stops the broker, instead of standing for something that nobody asked for.

import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../worker/config.ts";

describe("a limit", () => {
  test.each(["", " ", "ten", "1.5", "-1", true, null])("of %j is refused by name", (value) => {
    expect(() => parseConfig({ SESSION_EXPIRY_SECONDS_MAX: value })).toThrow(/at SESSION_EXPIRY_SECONDS_MAX$/);
  });

  test.each(["60", 60])("of %j is taken, as wrangler.toml may have either", (value) => {
    expect(parseConfig({ SESSION_EXPIRY_SECONDS_MAX: value }).sessionExpirySecondsMax).toBe(60);
  });
});
