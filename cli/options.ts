// Options that several commands share, each with its environment variable.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { readText } from "./files.ts";
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

function parseApiUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw new InvalidArgumentError("It takes a URL that begins with http:// or https://.");
  }
  if (!/^\/(api\/v1\/?)?$/.test(url.pathname)) {
    throw new InvalidArgumentError("The API is at /api/v1 of its host: leave the path out.");
  }
  return text;
}

/** What `npm start` writes. */
const localKeyFile = ".state/admin-key";

/** A key in the arguments of a process can be read by every user of the machine: it comes from a file or the environment. */
export function apiKeyFileOption(): Option {
  return new Option(
    "--key-file <file>",
    `file with the API key; or set DURABLEMQ_API_KEY. Without either: ${localKeyFile}, if it is there`,
  );
}

export const apiKeyFor = "Set DURABLEMQ_API_KEY, or give --key-file; `npm start` writes one into STATE_DIR/admin-key.";
export const apiKeyMissing = `An API key is needed. ${apiKeyFor}`;

/** What to do when nobody answers. */
export function addressOf(flag: string, variable: string): string {
  return `Does it run? Its address is ${flag}, or ${variable}.`;
}

/** Undefined if there is none. */
export function apiKeyFrom(keyFile: string | undefined): string | undefined {
  const inEnvironment = process.env["DURABLEMQ_API_KEY"];
  if (keyFile === undefined && inEnvironment !== undefined) return inEnvironment.trim();
  const file = keyFile ?? localKeyFile;
  if (keyFile === undefined && !existsSync(file)) return undefined;
  return readText(file).trim();
}

export function userOption(): Option {
  return new Option("--user <name>", "user name; the password comes from DURABLEMQ_PASSWORD or --password-file");
}

export function passwordFileOption(): Option {
  return new Option("--password-file <file>", "file with the password");
}

/** Undefined if there is none. */
export function passwordFrom(file: string | undefined): string | undefined {
  if (file === undefined) return process.env["DURABLEMQ_PASSWORD"];
  return readText(file).replace(/\r?\n$/, "");
}

export function qosOption(fallback: 0 | 1 | 2): Option {
  return new Option("-q, --qos <level>", "0: at most once, 1: at least once, 2: exactly once")
    .default(fallback)
    .argParser((text) => wholeNumber(0, 2)(text) as 0 | 1 | 2);
}

export function jsonOption(): Option {
  return new Option("--json", "one JSON value on each line, for scripts");
}

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,10}$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It takes a whole number from ${least} to ${most}.`);
  };
}

/** Of a command that calls the HTTP API. */
export function withApi(command: Command): Command {
  return command.addOption(apiUrlOption()).addOption(apiKeyFileOption()).addOption(jsonOption());
}
