// What a connected client must not send. In 5.0 it is told why by DISCONNECT, in 3.x the connection just closes; the
// refusal is counted, and nobody else notices.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { badPackets, malformed, protocolError } from "../conversations/bad-packets.ts";
import { isOurs, type Version, versionNames, versions } from "../support/broker.ts";
import { bytes, noProperties, packet, text } from "../support/bytes.ts";
import { Neighbour } from "../support/neighbour.ts";
import { RawClient } from "../support/raw-client.ts";
import { refusal } from "../support/refusal.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();
const neighbour = new Neighbour(broker);
beforeAll(() => neighbour.connect());
afterAll(() => neighbour.end());

function expected(version: Version, reasons: readonly number[]): string[] {
  const allowed = isOurs ? reasons.slice(0, 1) : reasons;
  return version === 5 ? allowed.map((reason) => `DISCONNECT 0x${reason.toString(16)}`) : ["closed"];
}

async function expectRefused(
  version: Version,
  reasons: readonly number[],
  send: (client: RawClient) => void,
): Promise<void> {
  const refusals = isOurs ? await broker().counter("durablemq_refusals_total") : 0;
  const { client } = await RawClient.connect(broker().url, { version });
  const from = client.socket.packets.length;
  send(client);
  expect(expected(version, reasons)).toContain(await refusal(client.socket, version, from));
  if (isOurs) expect(await broker().counter("durablemq_refusals_total")).toBeGreaterThan(refusals);
  await neighbour.expectAlive();
}

describe.each(versions.map((version) => ({ version, name: versionNames[version] })))("in $name", ({ version }) => {
  const mine = badPackets.filter(({ only = versions }) => only.includes(version));

  test.each(mine)("$what", ({ send, reasons }) =>
    expectRefused(version, reasons, (client) => client.socket.sendBytes(send(version))),
  );

  test("[MQTT-6.0.0-1] a text frame", () =>
    expectRefused(version, [protocolError, malformed], (client) => client.socket.sendText("hello")));

  test("what comes behind a mistake is not worked off", async () => {
    const { client: witness } = await RawClient.connect(broker().url, { version });
    await witness.subscribe(`behind/${version}`, 0);
    const bad = bytes(0x00, 0);
    const good = packet(0x30, text(`behind/${version}`), noProperties(version));
    await expectRefused(version, [malformed], (client) => client.socket.sendBytes(Buffer.concat([bad, good])));
    expect(await witness.pending()).toEqual([]);
  });

  test("half a packet and then the end hurts nobody", async () => {
    const { client } = await RawClient.connect(broker().url, { version });
    client.socket.sendBytes(packet(0x30, text("a".repeat(100))).subarray(0, 50));
    client.socket.cut();
    await neighbour.expectAlive();
  });

  test("[MQTT-3.1.2-22] silence for 1.5 times the keep-alive", async () => {
    const before = performance.now();
    const { client } = await RawClient.connect(broker().url, { version, keepalive: 1 });
    const from = client.socket.packets.length;
    const said = await refusal(client.socket, version, from, 15_000);
    expect(version === 5 ? ["DISCONNECT 0x8d"] : ["closed"]).toContain(said);
    expect(performance.now() - before).toBeGreaterThan(1_400);
  });

  test("PINGREQ keeps a connection for longer than that", async () => {
    const { client } = await RawClient.connect(broker().url, { version, keepalive: 1 });
    const until = performance.now() + 3_500;
    let pings = 0;
    // Every ping waits for its answer, so the loop is bounded by time and by the pace of the answers.
    while (performance.now() < until) {
      client.send({ cmd: "pingreq" });
      await client.expectPacket("pingresp");
      pings += 1;
    }
    expect(pings).toBeGreaterThan(3);
    expect(client.socket.isClosed).toBe(false);
  });
});

describe.skipIf(!versions.includes(5))("mistakes in 5.0 that do not end the connection", () => {
  test("[MQTT-4.7.1-1] SUBSCRIBE to a filter that is well-formed UTF-8 but no filter is refused for itself", async () => {
    const { client } = await RawClient.connect(broker().url, { version: 5 });
    const filters = [text("good"), bytes(0), text("a/#/b"), bytes(0), text("a+"), bytes(0)];
    client.socket.sendBytes(packet(0x82, bytes(0, 9), bytes(0), ...filters));
    expect((await client.expectPacket("suback")).granted).toEqual([0, 0x8f, 0x8f]);
  });

  test("PUBREL for an id nobody knows is answered with 0x92", async () => {
    const { client } = await RawClient.connect(broker().url, { version: 5 });
    client.send({ cmd: "pubrel", messageId: 77 });
    expect(await client.expectPacket("pubcomp")).toMatchObject({ messageId: 77, reasonCode: 0x92 });
  });

  test("UNSUBSCRIBE of something that was never subscribed is answered with 0x11", async () => {
    const { client } = await RawClient.connect(broker().url, { version: 5 });
    client.send({ cmd: "unsubscribe", messageId: 5, unsubscriptions: ["never"] });
    expect(await client.expectPacket("unsuback")).toMatchObject({ messageId: 5, granted: [0x11] });
  });
});
