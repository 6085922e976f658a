// Where the HTTP API is: a host, and no path that would be left out without a word.

import { Command } from "commander";
import { expect, test } from "vitest";
import { apiUrlOption } from "../../../cli/options.ts";

function read(url: string): string {
  const command = new Command()
    .addOption(apiUrlOption())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return command.parse(["--api", url], { from: "user" }).opts<{ api: string }>().api;
}

test.each(["http://broker.example", "https://broker.example:8443/", "https://broker.example/api/v1"])("%s", (url) => {
  expect(read(url)).toBe(url);
});

test.each([
  ["https://broker.example/mqtt", "leave the path out"],
  ["https://broker.example/proxied/api/v1", "leave the path out"],
  ["ws://broker.example", "begins with http:// or https://"],
  ["broker.example", "begins with http:// or https://"],
])("%s: %s", (url, words) => {
  expect(() => read(url)).toThrow(words);
});
