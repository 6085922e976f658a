// Enhanced authentication [MQTT 4.12]: which AUTH may come when, and what is answered. One value for each connection, from
// its CONNECT on; a step takes it and a packet, and gives the next value and what to send.

import { fail, type ProtocolFailure } from "../protocol/failure.ts";
import type { ClientAuth, Connect, ServerAuth } from "../protocol/packet.ts";
import { PacketType } from "../protocol/packet-type.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { challenge, type ScramExchange, type ScramServer, type ScramSuccess, scramMethod, verify } from "./scram.ts";

export type Authentication =
  /** CONNECT named no method: there is no AUTH on this connection. */
  | { readonly state: "absent" }
  /** CONNECT named a method, and what is to be answered is being found out. */
  | { readonly state: "deciding" }
  /** The client has been challenged, and its proof is due. It has no CONNACK. */
  | { readonly state: "proving"; readonly exchange: ScramExchange }
  /** It has proved who it is, and CONNACK is on its way, with the server's proof. */
  | { readonly state: "admitted"; readonly username: string; readonly data: Uint8Array }
  | { readonly state: "authenticated"; readonly username: string }
  /** It has its CONNACK, everything goes on, and it is asked to prove once more that it is who it was. */
  | { readonly state: "renewing"; readonly username: string; readonly exchange: ScramExchange };

export interface Progress {
  readonly type: "progress";
  readonly authentication: Authentication;
  readonly send?: ServerAuth;
}

type ProposedMethod = Pick<Connect, "authenticationMethod" | "authenticationData">;

export type Outcome = Progress | ProtocolFailure;

/** Takes CONNECT. */
export function begin({ authenticationMethod, authenticationData }: ProposedMethod, server: ScramServer): Outcome {
  if (authenticationMethod === undefined) return { type: "progress", authentication: { state: "absent" } };
  if (!server.isOffered || authenticationMethod !== scramMethod) {
    return fail(ReasonCode.badAuthenticationMethod, "MQTT-4.12.0-1", "an authentication method that is not offered");
  }
  const begun = challenge(server, authenticationData);
  if (begun.type === "failure") return begun;
  // [MQTT-4.12.0-2]
  const send = answer(ReasonCode.continueAuthentication, begun.data);
  return { type: "progress", authentication: { state: "proving", exchange: begun.exchange }, send };
}

export function takeAuth(authentication: Authentication, auth: ClientAuth, server: ScramServer): Outcome {
  switch (authentication.state) {
    case "absent":
      return fail(ReasonCode.protocolError, "MQTT-4.12.0-7", "AUTH, and CONNECT named no method");
    case "proving": {
      const proved = prove(authentication.exchange, auth, server);
      if (proved.type === "failure") return proved;
      const { username, data } = proved;
      return { type: "progress", authentication: { state: "admitted", username, data } };
    }
    case "deciding":
      return fail(ReasonCode.protocolError, "auth-unexpected", "AUTH before the answer to what came last");
    case "admitted":
      return fail(ReasonCode.protocolError, "auth-unexpected", "AUTH between the proof and CONNACK");
    case "authenticated":
      return renew(authentication.username, auth, server);
    case "renewing": {
      const proved = prove(authentication.exchange, auth, server);
      if (proved.type === "failure") return proved;
      const { username, data } = proved;
      const send = answer(ReasonCode.success, data);
      return { type: "progress", authentication: { state: "authenticated", username }, send };
    }
  }
}

function prove(exchange: ScramExchange, auth: ClientAuth, server: ScramServer): ScramSuccess | ProtocolFailure {
  const failure = unlike(auth, ReasonCode.continueAuthentication, "MQTT-4.12.0-5", "MQTT-4.12.0-3");
  return failure ?? verify(server, exchange, auth.data);
}

function renew(username: string, auth: ClientAuth, server: ScramServer): Outcome {
  const failure = unlike(auth, ReasonCode.reAuthenticate, "MQTT-4.12.1-1", "auth-unexpected");
  if (failure !== undefined) return failure;
  const begun = challenge(server, auth.data);
  if (begun.type === "failure") return begun;
  const { exchange, data } = begun;
  // The session belongs to the one who opened it.
  if (exchange.username !== username) {
    return fail(ReasonCode.notAuthorized, "another-user", `${username} wants to go on as ${exchange.username}`);
  }
  const send = answer(ReasonCode.continueAuthentication, data);
  return { type: "progress", authentication: { state: "renewing", username, exchange }, send };
}

/** What a packet other than AUTH breaks by coming now. */
export function earlyPacketFailure({ state }: Authentication, type: PacketType): ProtocolFailure | undefined {
  const isEarly = state === "deciding" || state === "proving" || state === "admitted";
  if (!isEarly || type === PacketType.disconnect) return undefined;
  return fail(ReasonCode.protocolError, "MQTT-3.1.2-30", `packet type ${type} before CONNACK`);
}

/** CONNACK has gone to the client. */
export function acknowledged(authentication: Authentication): Authentication {
  if (authentication.state !== "admitted") return authentication;
  return { state: "authenticated", username: authentication.username };
}

function unlike(
  auth: ClientAuth,
  reason: ReasonCode,
  methodRule: string,
  reasonRule: string,
): ProtocolFailure | undefined {
  if (auth.method !== scramMethod)
    return fail(ReasonCode.protocolError, methodRule, "AUTH with another method than CONNECT");
  if (auth.reason !== reason) return fail(ReasonCode.protocolError, reasonRule, `AUTH with reason ${auth.reason}`);
  return undefined;
}

/** [MQTT-4.12.0-5] */
function answer(reason: ReasonCode, data: Uint8Array): ServerAuth {
  return { type: "auth", reason, method: scramMethod, data };
}
