// The WebSocket upgrade: which requests become MQTT connections, and under which subprotocol.

import { certificateOf } from "../auth/certificate.ts";
import { scramServerOf } from "../auth/scram.ts";
import type { Config } from "../config.ts";
import { report } from "../counters.ts";
import type { Env } from "../env.ts";
import { sessionName } from "../names.ts";
import { sessionStub } from "../stubs.ts";
import { ClientConnection } from "./client.ts";
import { edgeOf } from "./shared.ts";

/** The first is what MQTT asks for [MQTT-6.0.0-4]; the second is what clients of MQTT 3.1 offer. */
const subprotocols = ["mqtt", "mqttv3.1"];

export function isUpgrade(request: Request): boolean {
  return request.headers.get("Upgrade")?.toLowerCase() === "websocket";
}

/** The answer to who may not even try, or the subprotocol that is spoken. */
export function greet(request: Request, env: Env): Response | { readonly subprotocol: string | undefined } {
  const offered = (request.headers.get("Sec-WebSocket-Protocol") ?? "").split(",").map((name) => name.trim());
  const subprotocol = subprotocols.find((name) => offered.includes(name));
  if (subprotocol === undefined && offered.some((name) => name !== "")) {
    return new Response(`Offer the WebSocket subprotocol ${subprotocols.join(" or ")}.\n`, { status: 400 });
  }
  if (!isWelcomeFrom(request.headers.get("Origin"), edgeOf(env).config)) {
    report([{ event: "refusal", reason: "origin", count: 1, detail: "a page of another origin" }], addressOf(request));
    return new Response("Pages of this origin may not connect: see WEBSOCKET_ORIGINS.\n", { status: 403 });
  }
  return { subprotocol };
}

export function upgrade(request: Request, env: Env, context: ExecutionContext): Response {
  const greeting = greet(request, env);
  if (greeting instanceof Response) return greeting;
  const shared = edgeOf(env);
  const { 0: far, 1: client } = new WebSocketPair();
  // Frames must come as bytes at once: Blobs are read asynchronously, and packets would change places.
  client.binaryType = "arraybuffer";
  client.accept({ allowHalfOpen: true });
  const { promise, resolve } = Promise.withResolvers<void>();
  new ClientConnection(
    client,
    (clientId) => dial(env, clientId),
    scramServerOf(shared.config),
    { ...shared, address: addressOf(request), certificate: certificateOf(request) },
    resolve,
  );
  context.waitUntil(promise);
  const { subprotocol } = greeting;
  const headers: HeadersInit = subprotocol === undefined ? {} : { "Sec-WebSocket-Protocol": subprotocol };
  return new Response(null, { status: 101, webSocket: far, headers });
}

/** Browsers say which page it is whose script connects; other clients have no page, and could say anything. */
function isWelcomeFrom(origin: string | null, { webSocketOrigins }: Config): boolean {
  return origin === null || webSocketOrigins.length === 0 || webSocketOrigins.includes(origin);
}

export function addressOf(request: Request): string {
  return request.headers.get("CF-Connecting-IP") ?? "unknown";
}

/** One socket to the session object for the life of the connection: one subrequest, however many packets. */
async function dial(env: Env, clientId: string): Promise<WebSocket> {
  const stub = sessionStub(env, sessionName(clientId));
  const response = await stub.fetch("https://session/", { headers: { Upgrade: "websocket" } });
  const socket = response.webSocket;
  if (socket === null) throw new Error(`the session object answered ${response.status}`);
  socket.binaryType = "arraybuffer";
  socket.accept({ allowHalfOpen: true });
  return socket;
}
