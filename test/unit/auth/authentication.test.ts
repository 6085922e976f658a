// Enhanced authentication packet by packet: what may come in each state, and what is answered.

import { describe, expect, test } from "vitest";
import {
  type Authentication,
  acknowledged,
  begin,
  earlyPacketFailure,
  type Outcome,
  type Progress,
  takeAuth,
} from "../../../src/auth/authentication.ts";
import { nonceCharactersMax } from "../../../src/auth/scram-message.ts";
import { parseUserList } from "../../../src/auth/user-list.ts";
import { iterationsMax, keyBytes, saltBytesMax } from "../../../src/auth/verifier.ts";
import { encodePackets } from "../../../src/codec/encode.ts";
import type { ClientAuth } from "../../../src/protocol/packet.ts";
import { PacketType } from "../../../src/protocol/packet-type.ts";
import { provingClientPacketBytesMin } from "../../../src/session/admission.ts";
import { scramServer } from "../../../worker/auth/scram.ts";
import { ScramClient, scramEntry } from "../../support/scram-client.ts";

const method = "SCRAM-SHA-256";
const list = `${scramEntry("user", "pencil")} ${scramEntry("other", "pencil")}`;
const server = scramServer(parseUserList(list).users);

function connect(authenticationMethod?: string, authenticationData?: Uint8Array): Parameters<typeof begin>[0] {
  return {
    ...(authenticationMethod === undefined ? {} : { authenticationMethod }),
    ...(authenticationData === undefined ? {} : { authenticationData }),
  };
}

function auth(reason: 0x18 | 0x19, data?: Uint8Array, otherMethod = method): ClientAuth {
  return { type: "auth", reason, method: otherMethod, ...(data === undefined ? {} : { data }) };
}

function progress(outcome: Outcome): Progress {
  if (outcome.type === "failure") throw new Error(`${outcome.rule}: ${outcome.detail}`);
  return outcome;
}

function dataOf({ send }: Progress): Uint8Array {
  if (send?.data === undefined) throw new Error("nothing was sent");
  return send.data;
}

/** A connection in this state, and the client's next message. */
function stateOf(state: Authentication["state"]): { authentication: Authentication; next: Uint8Array | undefined } {
  if (state === "absent") return { authentication: progress(begin(connect(), server)).authentication, next: undefined };
  const first = new ScramClient("user", "pencil");
  const proving = progress(begin(connect(method, first.first()), server));
  const proof = first.final(dataOf(proving));
  if (state === "proving") return { authentication: proving.authentication, next: proof };
  const admitted = progress(takeAuth(proving.authentication, auth(0x18, proof), server));
  const second = new ScramClient("user", "pencil");
  if (state === "admitted") return { authentication: admitted.authentication, next: second.first() };
  const authenticated = acknowledged(admitted.authentication);
  if (state === "authenticated") return { authentication: authenticated, next: second.first() };
  const renewing = progress(takeAuth(authenticated, auth(0x19, second.first()), server));
  return { authentication: renewing.authentication, next: second.final(dataOf(renewing)) };
}

test("[MQTT-4.12.0-2] [MQTT-4.12.0-5] an exchange: challenge, proof, and the server's own proof for CONNACK", () => {
  const client = new ScramClient("user", "pencil");
  const proving = progress(begin(connect(method, client.first()), server));
  expect(proving).toMatchObject({ authentication: { state: "proving" }, send: { type: "auth", reason: 0x18, method } });
  const admitted = progress(takeAuth(proving.authentication, auth(0x18, client.final(dataOf(proving))), server));
  const { authentication, send } = admitted;
  expect(send).toBeUndefined();
  if (authentication.state !== "admitted") throw new Error(authentication.state);
  expect(authentication.username).toBe("user");
  expect(client.accepts(authentication.data)).toBe(true);
  expect(acknowledged(authentication)).toEqual({ state: "authenticated", username: "user" });
});

test("[MQTT-4.12.0-5] re-authentication ends with AUTH 0x00 that carries the server's proof, as often as the client wants", () => {
  let authentication = stateOf("authenticated").authentication;
  for (let round = 0; round < 3; round++) {
    const client = new ScramClient("user", "pencil");
    const renewing = progress(takeAuth(authentication, auth(0x19, client.first()), server));
    expect(renewing).toMatchObject({ authentication: { state: "renewing" }, send: { reason: 0x18, method } });
    const renewed = progress(takeAuth(renewing.authentication, auth(0x18, client.final(dataOf(renewing))), server));
    expect(renewed).toMatchObject({ authentication: { state: "authenticated" }, send: { reason: 0x00, method } });
    expect(client.accepts(dataOf(renewed))).toBe(true);
    authentication = renewed.authentication;
  }
});

describe("CONNECT", () => {
  const first = new ScramClient("user", "pencil").first();
  const nobody = scramServer(new Map());

  test("without a method begins nothing", () => {
    expect(begin(connect(), server)).toEqual({ type: "progress", authentication: { state: "absent" } });
    expect(begin(connect(), nobody)).toEqual({ type: "progress", authentication: { state: "absent" } });
  });

  test.each([
    ["another method", connect("SCRAM-SHA-1", first), server, 0x8c, "MQTT-4.12.0-1"],
    ["the method in small letters", connect("scram-sha-256", first), server, 0x8c, "MQTT-4.12.0-1"],
    ["the method with channel binding", connect("SCRAM-SHA-256-PLUS", first), server, 0x8c, "MQTT-4.12.0-1"],
    ["the method where nobody has a password", connect(method, first), nobody, 0x8c, "MQTT-4.12.0-1"],
    ["no data", connect(method), server, 0x87, "scram-message"],
    ["data that is no message", connect(method, Buffer.of(0)), server, 0x87, "scram-message"],
  ])("with %s is refused", (_what, packet, offering, reason, rule) => {
    expect(begin(packet, offering)).toMatchObject({ type: "failure", reason, rule });
  });
});

describe("AUTH", () => {
  test.each([
    ["absent", 0x18, "MQTT-4.12.0-7"],
    ["absent", 0x19, "MQTT-4.12.0-7"],
    ["proving", 0x19, "MQTT-4.12.0-3"],
    ["admitted", 0x18, "auth-unexpected"],
    ["admitted", 0x19, "auth-unexpected"],
    ["authenticated", 0x18, "auth-unexpected"],
    ["renewing", 0x19, "MQTT-4.12.0-3"],
  ] as const)("while %s, with reason %i, is a protocol error", (state, reason, rule) => {
    const { authentication, next } = stateOf(state);
    expect(takeAuth(authentication, auth(reason, next), server)).toMatchObject({ reason: 0x82, rule });
  });

  test.each([
    ["proving", 0x18, "MQTT-4.12.0-5"],
    ["authenticated", 0x19, "MQTT-4.12.1-1"],
    ["renewing", 0x18, "MQTT-4.12.0-5"],
  ] as const)("while %s, with another method, is a protocol error", (state, reason, rule) => {
    const { authentication, next } = stateOf(state);
    const outcome = takeAuth(authentication, auth(reason, next, "SCRAM-SHA-1"), server);
    expect(outcome).toMatchObject({ reason: 0x82, rule });
  });

  test.each([
    ["proving", 0x18],
    ["authenticated", 0x19],
    ["renewing", 0x18],
  ] as const)("while %s, without data, is not authorized", (state, reason) => {
    const { authentication } = stateOf(state);
    expect(takeAuth(authentication, auth(reason), server)).toMatchObject({ reason: 0x87, rule: "scram-message" });
  });

  test("as another user than before is not authorized, although that user exists", () => {
    const { authentication } = stateOf("authenticated");
    const other = new ScramClient("other", "pencil").first();
    const outcome = takeAuth(authentication, auth(0x19, other), server);
    expect(outcome).toMatchObject({ reason: 0x87, rule: "another-user" });
  });

  test("with the proof of the first exchange renews nothing", () => {
    const proof = stateOf("proving").next;
    const { authentication } = stateOf("renewing");
    expect(takeAuth(authentication, auth(0x18, proof), server)).toMatchObject({ reason: 0x87, rule: "scram-nonce" });
  });
});

test.each(["absent", "authenticated", "renewing"] as const)("while %s every other packet may come", (state) => {
  const { authentication } = stateOf(state);
  for (const type of Object.values(PacketType)) expect(earlyPacketFailure(authentication, type)).toBeUndefined();
});

test.each(["proving", "admitted"] as const)("[MQTT-3.1.2-30] while %s only DISCONNECT may come", (state) => {
  const { authentication } = stateOf(state);
  for (const type of Object.values(PacketType)) {
    const failure = earlyPacketFailure(authentication, type);
    if (type === PacketType.disconnect) expect(failure).toBeUndefined();
    else expect(failure).toMatchObject({ reason: 0x82, rule: "MQTT-3.1.2-30" });
  }
});

test("CONNACK changes nothing for a connection without a method, nor a second time", () => {
  for (const state of ["absent", "authenticated", "renewing"] as const) {
    const { authentication } = stateOf(state);
    expect(acknowledged(authentication)).toBe(authentication);
  }
});

test("[MQTT-3.1.2-24] the longest challenge fits what a client has to take that wants to authenticate", () => {
  const [salt, key] = [saltBytesMax, keyBytes].map((length) => Buffer.alloc(length).toString("base64"));
  const { users } = parseUserList(`user:SCRAM-SHA-256$${iterationsMax}:${salt}$${key}:${key}`);
  const client = new ScramClient("user", "pencil", { nonce: "x".repeat(nonceCharactersMax) });
  const { send } = progress(begin(connect(method, client.first()), scramServer(users)));
  if (send === undefined) throw new Error("no challenge");
  expect(encodePackets([send], 5).length).toBeLessThanOrEqual(provingClientPacketBytesMin);
});
