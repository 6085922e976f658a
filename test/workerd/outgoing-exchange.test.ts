// From the broker to a client: four messages whose acknowledgements come out of order, interrupted after every step.

import { afterEach, expect, test } from "vitest";
import { Client, cutClients, type Packet, publishPacket, uniqueId } from "./support/client.ts";
import { everybodySleeps, reset, vanish } from "./support/faults.ts";
import { rowsOf, sessionOf } from "./support/objects.ts";

afterEach(cutClients);

type State = "sent" | "released" | "done";
const names = ["a", "b", "c", "d"] as const;
type Name = (typeof names)[number];
const qosOf = { a: 1, b: 2, c: 1, d: 2 } as const;

/** What the client does, and how far it brings a message. */
const steps: readonly (readonly [Name, "puback" | "pubrec" | "pubcomp"])[] = [
  ["d", "pubrec"],
  ["c", "puback"],
  ["b", "pubrec"],
  ["d", "pubcomp"],
  ["a", "puback"],
  ["b", "pubcomp"],
];

const interruptions = ["sleeps", "is cut", "sleeps and is cut", "is reset"] as const;
type Interruption = (typeof interruptions)[number];

class Exchange {
  client: Client;
  readonly #ids = new Map<Name, number>();
  readonly #states = new Map<Name, State>(names.map((name) => [name, "sent"]));

  private constructor(client: Client) {
    this.client = client;
  }

  static async begin(persistent: boolean): Promise<Exchange> {
    const exchange = new Exchange(await Client.connect({ version: 5, persistent }));
    const publisher = await Client.connect();
    const topic = uniqueId("exchange/outgoing");
    await exchange.client.subscribe(topic, 2);
    const batch = names.map((name, index) =>
      publisher.encode(publishPacket(topic, name, qosOf[name], { messageId: index + 1 })),
    );
    publisher.sendBytes(Buffer.concat(batch));
    for (const { payload, messageId = 0 } of await exchange.client.expectPublishes(names.length)) {
      exchange.#ids.set(payload.toString() as Name, messageId);
    }
    return exchange;
  }

  async take([name, cmd]: (typeof steps)[number]): Promise<void> {
    const messageId = this.#ids.get(name) ?? 0;
    this.client.send({ cmd, messageId });
    if (cmd === "pubrec") expect(await this.client.expect("pubrel")).toMatchObject({ messageId });
    this.#states.set(name, cmd === "pubrec" ? "released" : "done");
  }

  async interrupt(how: Interruption): Promise<void> {
    expect(await this.client.pending()).toEqual([]);
    if (how === "sleeps") return everybodySleeps();
    if (how === "sleeps and is cut") await everybodySleeps();
    if (how === "is reset") {
      await reset(sessionOf(this.client.id));
      await this.client.expectClose();
    } else await vanish(this.client);
    this.client = await Client.connect({ version: 5, persistent: true, clientId: this.client.id });
    expect(this.client.connack?.sessionPresent).toBe(true);
    const resent = await this.client.pending();
    this.#expectResent(resent, how === "is reset");
    this.#finishAgain(resent);
  }

  /** What had been acknowledged to the end is acknowledged again. */
  #finishAgain(packets: readonly Packet[]): void {
    for (const { cmd, messageId = 0 } of packets) {
      const isDone = names.some((name) => this.#ids.get(name) === messageId && this.#states.get(name) === "done");
      if (isDone) this.client.send({ cmd: cmd === "pubrel" ? "pubcomp" : "puback", messageId });
    }
  }

  /** What is unfinished comes again, in order, under its identifier: PUBLISH with DUP, or PUBREL once PUBREC was sent. */
  #expectResent(packets: readonly Packet[], afterReset: boolean): void {
    const resent = packets.map((packet) => {
      if (packet.cmd === "publish") expect(packet.dup).toBe(true);
      return `${packet.cmd} ${packet.messageId}`;
    });
    const expected = names.flatMap((name) => {
      const state = this.#states.get(name);
      const id = this.#ids.get(name);
      const publish = [`publish ${id}`];
      const pubrel = [`pubrel ${id}`];
      if (state === "sent") return publish;
      if (state === "released") return pubrel;
      // A crash may forget what was finished behind an unfinished message, but not that a PUBREC has come.
      const again = qosOf[name] === 2 ? pubrel : publish;
      return afterReset && resent.includes(again[0] as string) ? again : [];
    });
    expect(resent).toEqual(expected);
  }

  /** Everything is finished: nothing is left in the broker, and nothing comes again. */
  async expectEnd(persistent: boolean): Promise<void> {
    expect(await this.client.pending()).toEqual([]);
    expect(await rowsOf(sessionOf(this.client.id), "segment")).toBe(0);
    if (!persistent) return;
    await vanish(this.client);
    const again = await Client.connect({ version: 5, persistent, clientId: this.client.id });
    expect(await again.pending()).toEqual([]);
  }
}

const cases = interruptions.flatMap((how) => [true, false].map((persistent) => ({ how, persistent })));

test.each(cases.filter(({ how, persistent }) => persistent || how === "sleeps"))(
  "EXC-1 a client (persistent: $persistent) that $how after any acknowledgement loses and repeats nothing",
  async ({ how, persistent }) => {
    for (let point = 0; point <= steps.length; point++) {
      const exchange = await Exchange.begin(persistent);
      for (const [index, step] of steps.entries()) {
        if (index === point || point === steps.length) await exchange.interrupt(how);
        await exchange.take(step);
      }
      await exchange.expectEnd(persistent);
    }
  },
);
