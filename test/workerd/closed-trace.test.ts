// Traces where nobody gets in without credentials.

import { afterEach, expect, test, vi } from "vitest";
import { eventually } from "../support/eventually.ts";
import { configureAccess } from "./support/access.ts";
import { manage } from "./support/api.ts";
import { Client, cutClients, uniqueId } from "./support/client.ts";

configureAccess();
afterEach(cutClients);

test("TRC-21 who shows no credentials and is refused is followed at once by the copy of the Worker that began the trace", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const clientId = uniqueId();
  const attempt = async () => (await Client.attempt({ version: 5, clientId })).code;
  // By now what the copy knows of the control database is in its memory.
  expect(await attempt()).toBe(0x87);
  const { id } = await manage("POST", "/traces", { target: { kind: "client", value: clientId } });
  expect(await attempt()).toBe(0x87);
  const events = await eventually("all that happened", async () => {
    const { items } = await manage("GET", `/traces/${id}/events`);
    return items.length === 3 && (items as { what: string; reason?: string }[]);
  });
  expect(events.map(({ what, reason }) => [what, reason])).toEqual([
    ["connect", undefined],
    ["refused", "Not authorized"],
    ["closed", undefined],
  ]);
});
