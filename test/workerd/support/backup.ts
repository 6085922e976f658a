// Pages of a backup, and what is in them.

import { exports } from "cloudflare:workers";
import { testAdminKey } from "../../support/admin-key.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests read what they expect to be there.
export async function linesOf(path: string): Promise<{ bytes: number; lines: any[] }> {
  const headers = { Authorization: `Bearer ${testAdminKey}` };
  const response = await exports.default.fetch(new Request(`http://broker/api/v1${path}`, { headers }));
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  const bytes = await response.arrayBuffer();
  const text = new TextDecoder().decode(bytes).trim();
  return { bytes: bytes.byteLength, lines: text.split("\n").map((line) => JSON.parse(line)) };
}
