// The edge dials a session object that does not answer: the client is told, once, and may come again.

import { exports } from "cloudflare:workers";
import { afterEach, expect, test } from "vitest";
import { sessionName } from "../../worker/names.ts";
import { SessionObject } from "../../worker/session/object.ts";
import { Client, cutClients, uniqueId } from "./support/client.ts";

const { fetch } = SessionObject.prototype;
afterEach(() => {
  SessionObject.prototype.fetch = fetch;
  cutClients();
});

test.each(["overloaded", "durableObjectReset", "retryable"])(
  "EDGE-1 %s: refused after one attempt, and accepted later",
  async (how) => {
    const clientId = uniqueId("unreachable");
    let attempts = 0;
    SessionObject.prototype.fetch = function (this: SessionObject, request: Request) {
      const { id } = (this as unknown as { ctx: DurableObjectState }).ctx;
      if (id.name !== sessionName(clientId)) return fetch.call(this, request);
      attempts++;
      throw Object.assign(new Error("the platform says no"), { [how]: true });
    };
    await expect(Client.connect({ clientId })).rejects.toThrow();
    expect(attempts).toBe(1);
    const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": "mqtt" };
    const direct = await exports.default.fetch(`http://broker/mqtt/${clientId}`, { headers });
    expect([direct.status, direct.webSocket, attempts]).toEqual([503, null, 2]);
    SessionObject.prototype.fetch = fetch;
    await Client.connect({ clientId });
  },
);
