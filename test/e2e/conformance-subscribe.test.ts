// SUBSCRIBE, UNSUBSCRIBE, filters, retained messages and wills, statement by statement.

import { expect, test } from "vitest";
import { conversations } from "../conversations/play.ts";
import { retained } from "../conversations/retained.ts";
import { shared } from "../conversations/shared.ts";
import { filters, subscriptions } from "../conversations/subscribe.ts";
import { wills } from "../conversations/will.ts";
import { versionNames, versions } from "../support/broker.ts";
import { bytes, noProperties, packet, withLength } from "../support/bytes.ts";
import { RawClient } from "../support/raw-client.ts";
import { refusal } from "../support/refusal.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();

conversations(broker, subscriptions);
conversations(broker, filters);
conversations(broker, retained);
conversations(broker, shared);
conversations(broker, wills);

const notUtf8 = withLength(bytes(0x61, 0xc3, 0x28));

const malformedFilters = [
  {
    title: "[MQTT-3.8.3-1] [MQTT3-3.8.3-1] SUBSCRIBE to a filter that is not UTF-8",
    send: (version: number) => packet(0x82, bytes(0, 1), noProperties(version), notUtf8, bytes(0)),
  },
  {
    title: "[MQTT-3.10.3-1] [MQTT3-3.10.3-1] UNSUBSCRIBE of a filter that is not UTF-8",
    send: (version: number) => packet(0xa2, bytes(0, 1), noProperties(version), notUtf8),
  },
  {
    title: "[MQTT-4.7.3-2] [MQTT3-4.7.3-2] a filter with U+0000",
    send: (version: number) =>
      packet(0x82, bytes(0, 1), noProperties(version), withLength(bytes(0x61, 0, 0x62)), bytes(0)),
  },
];

test.each(
  malformedFilters.flatMap((row) => versions.map((version) => ({ ...row, version, name: versionNames[version] }))),
)("$title closes the connection, in $name", async ({ send, version }) => {
  const { client } = await RawClient.connect(broker().url, { version });
  client.socket.sendBytes(send(version));
  expect(await refusal(client.socket, version, 1)).toBe(version === 5 ? "DISCONNECT 0x81" : "closed");
});
