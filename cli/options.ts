// Options that several commands share, each with its environment variable.

import { InvalidArgumentError, Option } from "commander";

export function brokerUrlOption(): Option {
  return new Option("-u, --url <url>", "the broker, as clients reach it")
    .env("DURABLEMQ_URL")
    .default("ws://127.0.0.1:8787/mqtt")
    .argParser(brokerUrl);
}

export function environmentOption(): Option {
  return new Option("-e, --env <name>", "the environment in wrangler.toml; its top level unless named").default(
    "",
    "the top level",
  );
}

function brokerUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !["ws:", "wss:"].includes(url.protocol)) {
    throw new InvalidArgumentError("It takes a URL that begins with ws:// or wss://.");
  }
  return text;
}
