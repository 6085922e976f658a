// A broker that refuses the load generator and closes in the same segment: the refusal is what is told.

import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Latencies } from "../../../bench/load/latencies.ts";
import { Publisher } from "../../../bench/load/publisher.ts";
import { Subscriber } from "../../../bench/load/subscriber.ts";

const badUserNameOrPassword = Buffer.from([0x82, 4, 0x20, 2, 0, 4]);
const normalClosure = Buffer.from([0x88, 2, 0x03, 0xe8]);

let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer();
  server.on("upgrade", (request, socket) => {
    const accept = createHash("sha1")
      .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64");
    const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
    socket.write([...lines, `Sec-WebSocket-Accept: ${accept}`, "", ""].join("\r\n"));
    socket.once("data", () => socket.end(Buffer.concat([badUserNameOrPassword, normalClosure])));
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/mqtt`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test.each(["subscriber", "publisher"] as const)("%s: the first problem is the CONNACK code", async (role) => {
  const problem = await new Promise<Error>((onFailure) => {
    const common = {
      url,
      version: 4,
      credentials: undefined,
      clientId: "refused",
      quality: 1,
      onProgress: () => {},
      onFailure,
    } as const;
    const party =
      role === "subscriber"
        ? new Subscriber({ ...common, filters: ["a"], publishers: 1, latencies: new Latencies() })
        : new Publisher({ ...common, number: 0, topic: "a", payloadBytes: 16, window: 1 });
    party.connect().catch(onFailure);
  });
  expect(problem.message).toBe(`${role}: CONNACK code 4`);
});
