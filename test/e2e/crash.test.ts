// The promise: sixty messages at QoS 2 for a client that is away survive a kill of the whole broker, once each, in order.

import { describe, expect, test } from "vitest";
import { isKillable, versionNames, versions } from "../support/broker.ts";
import { TestClient, uniqueName } from "../support/client.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();

describe.runIf(isKillable).each(versions.map((version) => ({ version, name: versionNames[version] })))(
  "in $name",
  ({ version }) => {
    test("sixty at QoS 2 while the client was away, then SIGKILL: sixty once each and in order", async () => {
      const clientId = uniqueName("sixty");
      const topic = `${clientId}/value`;
      const before = await TestClient.connect(broker().url, { version, persistent: true, clientId });
      await before.subscribe(topic, 2);
      await before.end();
      const publisher = await TestClient.connect(broker().url, { version });
      const sent = Array.from({ length: 60 }, (_unused, sequence) => `message ${sequence}`);
      for (const payload of sent) await publisher.publish(topic, payload, 2);

      await broker().kill9();
      await broker().restart();

      const after = await TestClient.connect(broker().url, { version, persistent: true, clientId });
      if (version > 3) expect(after.sessionPresent).toBe(true);
      expect(await after.takePayloads(60, 20_000)).toEqual(sent);
      await after.publish(topic, "end", 2);
      expect(await after.takePayloads(1)).toEqual(["end"]);
    });
  },
);
