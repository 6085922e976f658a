// Options that several commands share, each with its environment variable.

import { join } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { root } from "./root.ts";

export function brokerUrlOption(): Option {
  return new Option("-u, --url <url>", "the broker, as clients reach it")
    .env("DURABLEMQ_URL")
    .default("ws://127.0.0.1:8787/mqtt")
    .argParser(parseBrokerUrl);
}

export function environmentOption(): Option {
  return new Option("-e, --env <name>", "the environment in wrangler.toml").default("", "its top level");
}

export function configOption(): Option {
  return new Option("-c, --config <file>", "another wrangler.toml").default(join(root, "wrangler.toml"), "this one");
}

export function parseBrokerUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !["ws:", "wss:"].includes(url.protocol)) {
    throw new InvalidArgumentError("It takes a URL that begins with ws:// or wss://.");
  }
  return text;
}

export function apiUrlOption(): Option {
  return new Option("--api <url>", "address of the broker's HTTP API")
    .env("DURABLEMQ_API_URL")
    .default("http://127.0.0.1:8787")
    .argParser(parseApiUrl);
}

/** Not as an argument: those can be seen by everybody on the machine. */
export function apiKeyOption(): Option {
  return new Option("--api-key <key>", "from the environment alone").env("DURABLEMQ_API_KEY").hideHelp();
}

function parseApiUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw new InvalidArgumentError("It takes a URL that begins with http:// or https://.");
  }
  return text;
}

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,9}$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It takes a whole number from ${least} to ${most}.`);
  };
}
