// A deployment that its operator has not opened lets nobody in, and says so in the words of each version.

import { expect, test } from "vitest";
import { isOurs, versions } from "../support/broker.ts";
import { RawClient } from "../support/raw-client.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { refusal } from "../support/refusal.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker({ env: { ALLOW_ANONYMOUS: "false" } });

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
