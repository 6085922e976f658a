// A deployment that its operator has not opened lets nobody in who does not prove who they are, and says so in the words of
// each version.

import { expect, test } from "vitest";
import { isOurs, versions } from "../support/broker.ts";
import { connectPacket, RawClient } from "../support/raw-client.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { refusal } from "../support/refusal.ts";
import { ScramClient, scramEntry } from "../support/scram-client.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker({ env: { ALLOW_ANONYMOUS: "false", SCRAM_USERS: scramEntry("user", "pencil") } });

const notAuthorized = { 3: "CONNACK 5", 4: "CONNACK 5", 5: "CONNACK 0x87" } as const;

test.runIf(isOurs).each(versions)("[MQTT-3.1.4-2] a closed broker refuses level %s, and counts it", async (version) => {
  const before = await broker().counter("durablemq_refusals_total");
  const socket = await RawSocket.open(broker().url);
  const client = new RawClient(socket, version);
  const protocolId = version === 3 ? "MQIsdp" : "MQTT";
  client.send({
    cmd: "connect",
    protocolId,
    protocolVersion: version,
    clientId: "somebody",
    clean: true,
    keepalive: 0,
  });
  expect(await refusal(socket, version, 0)).toBe(notAuthorized[version]);
  expect(await broker().counter("durablemq_refusals_total")).toBe(before + 1);
});

test.runIf(isOurs)("a closed broker lets in who proves to be a user, whatever name stands in CONNECT", async () => {
  const method = { authenticationMethod: "SCRAM-SHA-256" };
  const scram = new ScramClient("user", "pencil");
  const client = new RawClient(await RawSocket.open(broker().url), 5);
  const properties = { ...method, authenticationData: scram.first() };
  client.send(connectPacket(5, { properties, username: "somebody", password: Buffer.from("anything") }));
  const challenge = await client.expectPacket("auth");
  const proof = scram.final(challenge.properties?.authenticationData ?? Buffer.alloc(0));
  client.send({ cmd: "auth", reasonCode: 0x18, properties: { ...method, authenticationData: proof } });
  expect((await client.expectPacket("connack")).reasonCode).toBe(0);
});
