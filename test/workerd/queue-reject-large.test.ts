// A full queue under the policy "reject", and a batch that does not fit into one call.

import { env } from "cloudflare:workers";
import { afterEach, expect, test } from "vitest";
import { configOf } from "../../worker/config.ts";
import { sessionName } from "../../worker/names.ts";
import { SessionObject } from "../../worker/session/object.ts";
import { Client, cutClients, payloads, uniqueId } from "./support/client.ts";
import { endFaults, hold } from "./support/faults.ts";

configOf({ ...env, QUEUE_MESSAGES_MAX: "4" });
afterEach(() => {
  endFaults();
  cutClients();
});

test("QUE-14 behind a message that was refused nothing is taken, also if there is room for it by then", async () => {
  const topic = uniqueId("queue/large");
  const subscriber = await Client.connect({ version: 5, persistent: true });
  const subscriptions = [{ topic, qos: 2 as const }];
  // With it no message is forwarded as it is.
  subscriber.send({ cmd: "subscribe", messageId: 1, subscriptions, properties: { subscriptionIdentifier: 7 } });
  await subscriber.expect("suback");
  const filler = await Client.connect();
  for (let index = 0; index < 4; index++) await filler.deliver(topic, `${index}`, 1);
  const waiting = await subscriber.expectPublishes(4);

  const publisher = await Client.connect({ version: 4, persistent: true });
  const first = { cmd: "publish", topic, qos: 2, messageId: 1, dup: false, retain: false } as const;
  const messages = [
    { ...first, payload: `first ${"x".repeat(250_000)}` },
    { ...first, messageId: 2, payload: `second ${"y".repeat(1_000_000)}` },
  ];
  const send = () => publisher.sendBytes(Buffer.concat(messages.map((message) => publisher.encode(message))));
  const name = sessionName(subscriber.id);
  const refused = hold(SessionObject.prototype, "deliver", "after", (object) => object === name);
  send();
  await refused.reached();
  for (const packet of waiting) await subscriber.acknowledge(packet);
  expect(await subscriber.pending()).toEqual([]);
  refused.end();
  await publisher.expectClose();

  const again = await Client.connect({ version: 4, persistent: true, clean: false, clientId: publisher.id });
  for (const message of messages) {
    again.send({ ...message, dup: true });
    await again.expect("pubrec");
    again.send({ cmd: "pubrel", messageId: message.messageId });
    await again.expect("pubcomp");
  }
  const received = [await subscriber.next(), await subscriber.next()];
  expect(payloads(received).map((payload) => payload.slice(0, 6))).toEqual(["first ", "second"]);
});
