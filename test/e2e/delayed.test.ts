// Delayed messages: published by the broker when their time has come, though it was killed meanwhile.

import { describe, expect, test } from "vitest";
import { delayed } from "../conversations/delayed.ts";
import { conversations } from "../conversations/play.ts";
import { isOurs, versionNames, versions } from "../support/broker.ts";
import { TestClient, uniqueName } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();

if (isOurs) conversations(broker, delayed);

describe.runIf(isOurs).each(versions.map((version) => ({ version, name: versionNames[version] })))(
  "in $name",
  ({ version }) => {
    test("a will comes later than its client's end", async () => {
      const topic = `${uniqueName("delayed")}/will`;
      const witness = await TestClient.connect(broker().url, { version });
      await witness.subscribe(topic, 1);
      const will = { topic: `$delayed/1/${topic}`, payload: Buffer.from("gone"), qos: 1 as const, retain: true };
      const client = await TestClient.connect(broker().url, { version, will });
      const cutMs = Date.now();
      client.cut();
      expect(await witness.takePayloads(1)).toEqual(["gone"]);
      expect(Date.now() - cutMs).toBeGreaterThanOrEqual(1_000);
      const late = await TestClient.connect(broker().url, { version });
      await late.subscribe(topic, 1);
      expect(await late.take(1)).toMatchObject([{ payload: "gone", retain: true }]);
    });
  },
);

test.runIf(isOurs)(
  "kills before and while they are published lose none of them, and none of QoS 2 comes twice",
  async () => {
    const topic = `${uniqueName("delayed")}/kill`;
    const options = { persistent: true, clientId: uniqueName("away") };
    const away = await TestClient.connect(broker().url, options);
    await away.subscribe(topic, 2);
    await away.end();

    const sent: { readonly payload: string; readonly qos: 1 | 2 }[] = [];
    for (let kill = 0; kill < 4; kill++) {
      const publisher = await TestClient.connect(broker().url);
      const wave = Array.from({ length: 100 }, (_unused, index) => {
        return { payload: `${kill}: ${index}`, qos: index % 2 === 0 ? 1 : 2, seconds: 1 + (index % 3) } as const;
      });
      await Promise.all(
        wave.map(({ payload, qos, seconds }) => publisher.publish(`$delayed/${seconds}/${topic}`, payload, qos)),
      );
      sent.push(...wave);
      // The first time before any is published, then while they are.
      if (kill > 0) {
        await eventually(
          "some are published",
          async () => (await broker().counter("durablemq_messages_released_total")) > 0,
        );
      }
      await broker().kill9();
      publisher.cut();
      await broker().restart();
    }

    const back = await TestClient.connect(broker().url, options);
    await eventually(
      "all have come",
      () => new Set(back.received.map(({ payload }) => payload)).size === sent.length,
      30_000,
    );
    const publisher = await TestClient.connect(broker().url);
    await publisher.publish(topic, "end", 2);
    await eventually("the end has come", () => back.received.some(({ payload }) => payload === "end"), 20_000);
    const exactlyOnce = back.received.filter(({ qos, payload }) => qos === 2 && payload !== "end");
    expect(exactlyOnce.map(({ payload }) => payload).toSorted()).toEqual(
      sent
        .filter(({ qos }) => qos === 2)
        .map(({ payload }) => payload)
        .toSorted(),
    );
  },
);
