// A session object that is reset under its client: the edge ends the connection, and the client finds its session again.

import { afterEach, expect, test } from "vitest";
import { Client, cutClients, uniqueId } from "./support/client.ts";
import { reset } from "./support/faults.ts";
import { sessionOf } from "./support/objects.ts";

afterEach(cutClients);

test.each([4, 5] as const)("RST-2 level %s: the connection is closed, the session is there", async (version) => {
  const clientId = uniqueId("closed");
  const client = await Client.connect({ version, persistent: true, clientId });
  await reset(sessionOf(clientId));
  await client.expectClose();
  const again = await Client.insist({ version, persistent: true, clientId });
  expect(again.connack?.sessionPresent).toBe(true);
});
