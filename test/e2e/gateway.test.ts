// MQTT over TCP and TLS, through `durablemq gateway`, with clients that know nothing of WebSockets.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { generate, type Packet } from "mqtt-packet";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isOurs, versionNames, versions } from "../support/broker.ts";
import { TestClient, uniqueName } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { type RunningGateway, startGateway } from "../support/gateway.ts";
import { connectPacket } from "../support/raw-client.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();
let gateway: RunningGateway;
const connectionsMax = 20;

const trusting = { rejectUnauthorized: false };
const transports = [
  { over: "TCP", url: () => `mqtt://127.0.0.1:${gateway.tcpPort}`, options: {} },
  { over: "TLS", url: () => `mqtts://127.0.0.1:${gateway.tlsPort}`, options: trusting },
];

beforeAll(async () => {
  gateway = await startGateway(broker().url, ["--connections", `${connectionsMax}`]);
}, 120_000);
afterAll(() => gateway?.stop());

async function tcpSocket(): Promise<Socket> {
  const socket = connect(gateway.tcpPort, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

describe.runIf(isOurs)("through the gateway", () => {
  describe.each(transports)("over $over", ({ url, options }) => {
    test.each(versions.map((version) => ({ version, name: versionNames[version] })))(
      "GW-1 a client of $name publishes and subscribes at every QoS",
      async ({ version }) => {
        const topic = uniqueName("gateway");
        const client = await TestClient.connect(url(), { version, ...options });
        await client.subscribe(topic, 2);
        for (const qos of [0, 1, 2] as const) await client.publish(topic, `${qos}`, qos);
        expect((await client.take(3)).map(({ payload, qos }) => [payload, qos])).toEqual([
          ["0", 0],
          ["1", 1],
          ["2", 2],
        ]);
      },
    );

    test("GW-2 many large messages pass in both directions, whole and in order", async () => {
      const topic = uniqueName("gateway");
      const client = await TestClient.connect(url(), { version: 5, ...options });
      await client.subscribe(topic, 1);
      const payloads = Array.from({ length: 40 }, (_, index) => `${index}${"x".repeat(500_000)}`);
      await Promise.all(payloads.map((payload) => client.publish(topic, payload, 1)));
      expect(await client.takePayloads(payloads.length, 30_000)).toEqual(payloads);
    });
  });

  test("GW-3 what a client sent whole before it left is processed", async () => {
    const topic = uniqueName("gateway");
    const witness = await TestClient.connect(broker().url);
    await witness.subscribe(topic, 2);
    const socket = await tcpSocket();
    const publish: Packet = {
      cmd: "publish",
      topic,
      payload: "last words",
      qos: 1,
      messageId: 1,
      dup: false,
      retain: false,
    };
    socket.end(Buffer.concat([connectPacket(4), publish].map((packet) => generate(packet))));
    expect(await witness.takePayloads(1)).toEqual(["last words"]);
  });

  test("GW-4 a client that is cut leaves its will", async () => {
    const topic = uniqueName("gateway");
    const witness = await TestClient.connect(broker().url);
    await witness.subscribe(topic, 1);
    const will = { topic, payload: Buffer.from("gone"), qos: 1, retain: false } as const;
    const client = await TestClient.connect(`mqtt://127.0.0.1:${gateway.tcpPort}`, { will });
    client.cut();
    expect(await witness.takePayloads(1)).toEqual(["gone"]);
  });

  test("GW-5 what does not begin with CONNECT is closed, and the broker hears nothing of it", async () => {
    const before = await broker().counter("frames_in");
    const socket = await tcpSocket();
    socket.write("GET / HTTP/1.1\r\n\r\n");
    socket.resume();
    await once(socket, "close");
    expect(gateway.output()).toContain("not-mqtt");
    expect(await broker().counter("frames_in")).toBe(before);
  });

  test("GW-6 more clients than it may have are closed at once, and those that are there go on", async () => {
    const url = `mqtt://127.0.0.1:${gateway.tcpPort}`;
    await eventually("the others have gone", () => / 0 now\s*$/.test(gateway.output()));
    const clients = await Promise.all(Array.from({ length: connectionsMax }, () => TestClient.connect(url)));
    const socket = await tcpSocket();
    socket.resume();
    await once(socket, "close");
    await eventually("it is told", () => gateway.output().includes("too-many-connections"));
    const topic = uniqueName("gateway");
    const [first] = clients as [TestClient];
    await first.subscribe(topic, 1);
    await clients.at(-1)?.publish(topic, "x", 1);
    expect(await first.takePayloads(1)).toEqual(["x"]);
  });

  test("GW-7 a killed broker closes its clients; when it is back they have lost nothing", async () => {
    const url = `mqtt://127.0.0.1:${gateway.tcpPort}`;
    const topic = uniqueName("gateway");
    const clientId = uniqueName("subscriber");
    const subscriber = await TestClient.connect(url, { clientId, persistent: true });
    await subscriber.subscribe(topic, 2);
    subscriber.cut();
    const publisher = await TestClient.connect(url);
    for (const payload of ["1", "2", "3"]) await publisher.publish(topic, payload, 2);
    await broker().kill9();
    await publisher.closed();
    await broker().restart();
    const back = await TestClient.connect(url, { clientId, persistent: true });
    expect(await back.takePayloads(3)).toEqual(["1", "2", "3"]);
  });

  test("GW-8 with the broker away a client is closed, and told so in the log", async () => {
    await broker().kill9();
    try {
      const client = TestClient.connect(`mqtt://127.0.0.1:${gateway.tcpPort}`);
      await expect(client).rejects.toThrow();
      await eventually("it is in the log", () => gateway.output().includes("unreachable"));
    } finally {
      await broker().restart();
    }
  });
});
