// Statements about what a server does not support, or asks for: the broker with other settings than its defaults.

import { describe, expect, test } from "vitest";
import { refusesControlCharacters, trustsPayloads } from "../conversations/content.ts";
import { conversations } from "../conversations/play.ts";
import {
  allowsTwoAtOnce,
  hasMoved,
  hasMuchToSay,
  holdsOneMessage,
  sendsToAnotherServer,
  setsTheKeepAlive,
  supportsLittle,
} from "../conversations/settings.ts";
import { isOurs } from "../support/broker.ts";
import { bytes, packet, text } from "../support/bytes.ts";
import { uniqueName } from "../support/client.ts";
import { RawClient } from "../support/raw-client.ts";
import { refusal } from "../support/refusal.ts";
import { useBroker } from "../support/use-broker.ts";

describe.runIf(isOurs)("a broker that supports little", () => {
  const broker = useBroker({ env: supportsLittle.env });

  conversations(broker, supportsLittle.conversations);
});

describe.runIf(isOurs)("a broker that sets the keep-alive and gives response information", () => {
  const broker = useBroker({ env: setsTheKeepAlive.env });

  test("[MQTT-3.1.2-21] [MQTT-3.2.2-21] its keep-alive is announced, and is the clock", async () => {
    const before = performance.now();
    const { client, connack } = await RawClient.connect(broker().url, { version: 5, keepalive: 60 });
    expect(connack.properties?.serverKeepAlive).toBe(1);
    expect(await refusal(client.socket, 5, 1, 10_000)).toBe("DISCONNECT 0x8d");
    expect(performance.now() - before).toBeGreaterThan(1_400);
  });

  conversations(broker, setsTheKeepAlive.conversations);
});

describe.runIf(isOurs)("a broker with a long reference and long response information", () => {
  conversations(useBroker({ env: hasMuchToSay.env }), hasMuchToSay.conversations);
});

describe.runIf(isOurs)("a broker that sends its clients elsewhere", () => {
  conversations(useBroker({ env: sendsToAnotherServer.env }), sendsToAnotherServer.conversations);
});

describe.runIf(isOurs)("a broker that has moved", () => {
  conversations(useBroker({ env: hasMoved.env }), hasMoved.conversations);
});

describe.runIf(isOurs)("a broker that refuses control characters", () => {
  conversations(useBroker({ env: refusesControlCharacters.env }), refusesControlCharacters.conversations);
});

describe.runIf(isOurs)("a broker that does not look into payloads", () => {
  conversations(useBroker({ env: trustsPayloads.env }), trustsPayloads.conversations);
});

describe.runIf(isOurs)("a broker whose queues hold one message", () => {
  const broker = useBroker({ env: holdsOneMessage.env });

  conversations(broker, holdsOneMessage.conversations);

  test.each(
    ([1, 2] as const).flatMap((qos) => [
      { qos, title: "with problem information it is explained", requestProblemInformation: true },
      {
        qos,
        title: "[MQTT-3.1.2-29] without problem information it has only its code",
        requestProblemInformation: false,
      },
    ]),
  )("a full queue refuses at QoS $qos: $title", async ({ qos, requestProblemInformation }) => {
    const topic = `${uniqueName("full")}/x`;
    const subscriber = await RawClient.connect(broker().url, { version: 4, clean: false });
    await subscriber.client.subscribe(topic, 1);
    subscriber.client.send({ cmd: "disconnect" });
    await subscriber.client.expectClose();
    const options = { version: 5 as const, properties: { requestProblemInformation } };
    const { client } = await RawClient.connect(broker().url, options);
    for (const id of [1, 2])
      client.socket.sendBytes(packet(0x30 | (qos << 1), text(topic), bytes(0, id), bytes(0), text("m")));
    const answer = qos === 1 ? "puback" : "pubrec";
    const answers = [await client.expectPacket(answer), await client.expectPacket(answer)];
    const explained = answers.map(({ properties }) => properties?.reasonString !== undefined);
    expect(answers.map(({ reasonCode = 0 }) => reasonCode)).toEqual([0, 0x97]);
    expect(explained).toEqual([false, requestProblemInformation]);
  });
});

describe.runIf(isOurs)("a broker that takes two messages at once", () => {
  const broker = useBroker({ env: allowsTwoAtOnce.env });

  conversations(broker, allowsTwoAtOnce.conversations);
});
