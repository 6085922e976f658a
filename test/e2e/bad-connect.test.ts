// First packets no broker should accept. Each is refused in the words of its version, the connection is closed, the
// refusal is counted, and nobody else notices.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { badConnects, closed } from "../conversations/bad-connects.ts";
import { isOurs, versionNames, versions } from "../support/broker.ts";
import { bytes, connect, text } from "../support/bytes.ts";
import { Neighbour } from "../support/neighbour.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { refusal } from "../support/refusal.ts";
import { useBroker } from "../support/use-broker.ts";

const connectTimeoutSeconds = 2;
/** Well below the default of 10 seconds, so that the variable is seen to be read. */
const closeWithinMs = connectTimeoutSeconds * 1000 + 5_000;
const broker = useBroker({ env: { CONNECT_TIMEOUT_SECONDS: String(connectTimeoutSeconds) } });
const neighbour = new Neighbour(broker);
beforeAll(() => neighbour.connect());
beforeEach(() => neighbour.expectAlive());
afterAll(() => neighbour.end());

describe.each(versions.map((version) => ({ version, name: versionNames[version] })))("in $name", ({ version }) => {
  test.each(badConnects.filter(({ expected }) => expected[version] !== undefined))(
    "$what",
    async ({ send, expected }) => {
      const refusals = isOurs ? await broker().counter("durablemq_refusals_total") : 0;
      const socket = await RawSocket.open(broker().url);
      socket.sendBytes(send(version));
      const allowed = [expected[version]].flat();
      expect(isOurs ? allowed.slice(0, 1) : allowed).toContain(await refusal(socket, version, 0));
      if (isOurs) expect(await broker().counter("durablemq_refusals_total")).toBeGreaterThan(refusals);
      await neighbour.expectAlive();
    },
  );
});

test("[MQTT-6.0.0-1] a text frame before CONNECT", async () => {
  const socket = await RawSocket.open(broker().url);
  socket.sendText("hello");
  expect(await refusal(socket, 4, 0)).toBe(closed);
});

test.runIf(isOurs)("no CONNECT in time", async () => {
  const before = performance.now();
  const socket = await RawSocket.open(broker().url);
  expect(await refusal(socket, 4, 0, closeWithinMs)).toBe(closed);
  expect(performance.now() - before).toBeGreaterThan(connectTimeoutSeconds * 900);
});

test.runIf(isOurs)("half a CONNECT and then nothing", async () => {
  const socket = await RawSocket.open(broker().url);
  socket.sendBytes(connect(4).subarray(0, 9));
  expect(await refusal(socket, 4, 0, closeWithinMs)).toBe(closed);
});

test("[MQTT-3.1.3-6] an empty client id with a clean session is accepted", async () => {
  for (const version of versions.filter((each) => each > 3)) {
    const socket = await RawSocket.open(broker().url);
    socket.sendBytes(connect(version, { payload: [text("")] }));
    socket.sendBytes(bytes(0xe0, 0));
    await socket.closed;
    expect(socket.packets[0]).toMatchObject({ firstByte: 0x20 });
    expect(socket.packets[0]?.body[1]).toBe(0);
  }
});
