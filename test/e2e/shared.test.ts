// Shared subscriptions: each message of a group's filter goes to one of its members, whoever comes and goes.

import { describe, expect, test } from "vitest";
import { type Version, versionNames, versions } from "../support/broker.ts";
import { TestClient, uniqueName } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { RawClient } from "../support/raw-client.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();
const numbers = (count: number) => Array.from({ length: count }, (_unused, index) => String(index));

async function member(
  filter: string,
  options: Parameters<typeof TestClient.connect>[1] & { readonly version: Version },
) {
  const client = await TestClient.connect(broker().url, options);
  if (!client.sessionPresent) await client.subscribe(filter, 2);
  return client;
}

async function publishAll(topic: string, payloads: readonly string[], qos: 0 | 1 | 2): Promise<void> {
  const publisher = await TestClient.connect(broker().url, { version: 5 });
  for (const payload of payloads) await publisher.publish(topic, payload, qos);
}

function receivedBy(members: readonly TestClient[]): string[] {
  return members.flatMap(({ received }) => received.map(({ payload }) => payload));
}

/** Each of the payloads once, by whomever. */
async function expectOnce(members: readonly TestClient[], payloads: readonly string[]): Promise<void> {
  await eventually(`${payloads.length} messages`, () => receivedBy(members).length >= payloads.length);
  expect(receivedBy(members).sort()).toEqual([...payloads].sort());
}

describe.each(versions.map((version) => ({ version, name: versionNames[version] })))("in $name", ({ version }) => {
  test.each([0, 1, 2] as const)("[MQTT-4.8.2-3] messages at QoS %i are divided in turn", async (qos) => {
    const topic = `${uniqueName("turn")}/value`;
    const filter = `$share/group/${topic}`;
    const members = [
      await member(filter, { version }),
      await member(filter, { version }),
      await member(filter, { version }),
    ];
    await publishAll(topic, numbers(9), qos);
    await expectOnce(members, numbers(9));
    expect(members.map(({ received }) => received.length)).toEqual([3, 3, 3]);
  });

  test("each group gets a copy, and so does a plain subscription", async () => {
    const topic = `${uniqueName("copies")}/value`;
    const first = await member(`$share/first/${topic}`, { version });
    const second = await member(`$share/second/${topic}`, { version });
    const both = await member(topic, { version });
    await both.subscribe(`$share/third/${topic}`, 1);
    await publishAll(topic, ["m"], 1);
    await expectOnce([first], ["m"]);
    await expectOnce([second], ["m"]);
    await expectOnce([both], ["m", "m"]);
  });

  test("who is away is passed over, and what nobody can take waits for the first that comes back", async () => {
    const name = uniqueName("away");
    const filter = `$share/group/${name}/#`;
    const persistent = { version, persistent: true };
    const ids = [uniqueName("a"), uniqueName("b")];
    for (const clientId of ids) await (await member(filter, { ...persistent, clientId })).end();
    await publishAll(`${name}/x`, numbers(20), 1);
    const back = await member(filter, { ...persistent, clientId: ids[1] ?? "" });
    await expectOnce([back], numbers(20));
    await publishAll(`${name}/y`, ["more", "and more"], 2);
    await eventually("both", () => back.received.length === 22);
    const other = await member(filter, { ...persistent, clientId: ids[0] ?? "" });
    await publishAll(`${name}/z`, ["for a", "for b"], 1);
    await eventually("one each", () => back.received.length + other.received.length === 24);
    expect([back.received.length, other.received.length]).toEqual([23, 1]);
  });

  test("what a member has not acknowledged goes to another when its session ends", async () => {
    const name = uniqueName("ends");
    const topic = `${name}/value`;
    const filter = `$share/group/${topic}`;
    const { client: silent } = await RawClient.connect(broker().url, { version });
    await silent.subscribe(filter, 1);
    await publishAll(topic, numbers(5), 1);
    await silent.expectPublishes(5);
    const other = await member(filter, { version });
    silent.socket.cut();
    await expectOnce([other], numbers(5));
  });
});
