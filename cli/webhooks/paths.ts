// What the commands about webhooks share.

import type { ApiFlags } from "../api.ts";
import { printJson } from "../output.ts";

export interface Flags extends ApiFlags {
  readonly json?: true;
}

export function pathOf(name: string, rest = ""): string {
  return `/webhooks/${encodeURIComponent(name)}${rest}`;
}

export function say(value: unknown, words: string, { json }: Flags): void {
  if (json) printJson(value);
  else console.log(words);
}
