// What no broker should accept, sent to the core in this process. The same is sent over a WebSocket to the whole broker in
// test/e2e/bad-connect.test.ts and test/e2e/bad-packets.test.ts.

import { describe, expect, test } from "vitest";
import { badConnects } from "../conversations/bad-connects.ts";
import { badPackets } from "../conversations/bad-packets.ts";
import { versionNames, versions } from "../support/broker.ts";
import { CoreBroker } from "../support/core-broker.ts";
import { RawClient } from "../support/raw-client.ts";
import { refusal } from "../support/refusal.ts";

describe.each(versions.map((version) => ({ version, name: versionNames[version] })))("in $name", ({ version }) => {
  test.each(badConnects.filter(({ expected }) => expected[version] !== undefined))(
    "to connect with: $what",
    async ({ send, expected }) => {
      const socket = await new CoreBroker().openSocket();
      socket.sendBytes(send(version));
      expect(await refusal(socket, version, 0)).toBe([expected[version]].flat()[0]);
    },
  );

  test.each(badPackets.filter(({ only = versions }) => only.includes(version)))(
    "connected: $what",
    async ({ send, reasons }) => {
      const { client } = await RawClient.over(await new CoreBroker().openSocket(), { version });
      client.socket.sendBytes(send(version));
      const told = version === 5 ? `DISCONNECT 0x${reasons[0]?.toString(16)}` : "closed";
      expect(await refusal(client.socket, version, 1)).toBe(told);
    },
  );
});
