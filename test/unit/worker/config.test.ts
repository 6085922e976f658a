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

describe("WEBSOCKET_ORIGINS", () => {
  test.each([
    "example.com",
    "https://example.com/",
    "https://Example.com",
    "https://example.com:443",
    "localhost:3000",
    "*",
  ])("%s is no page's", (value) => {
    const wrong = () => parseConfig({ WEBSOCKET_ORIGINS: `https://example.org, ${value}` });
    expect(wrong).toThrow(/at WEBSOCKET_ORIGINS\[1\]$/);
  });

  test.each([
    "https://example.com",
    "http://localhost:3000",
    "capacitor://localhost",
    "chrome-extension://abc",
    "null",
  ])("%s is", (value) => {
    expect(parseConfig({ WEBSOCKET_ORIGINS: value }).webSocketOrigins).toEqual([value]);
  });
});

test.each(["{", "null", "[]", '{"kty":"EC"}', '{"keys":{}}', '{"keys":["a"]}'])(
  "JWT_KEYS of %s is no key set",
  (value) => {
    expect(() => parseConfig({ JWT_KEYS: value })).toThrow(/at JWT_KEYS$/);
  },
);

test.each(["", '{"keys":[]}', '{"keys":[{"kty":"OKP"}]}'])("JWT_KEYS of %s is one, or none", (value) => {
  expect(parseConfig({ JWT_KEYS: value }).jwt.keys).toBe(value);
});
