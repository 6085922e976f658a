// A whole session under random traffic, cuts, crashes, sleep and a clock that jumps forward and back, against what was
// promised: nothing acknowledged is lost, nothing of QoS 2 comes twice, everything keeps its order, and nothing is sent
// after its time.

import fc from "fast-check";
import { expect, test } from "vitest";
import type { ClientPacket, ServerPacket } from "../../../src/protocol/packet.ts";
import type { ProtocolVersion } from "../../../src/protocol/version.ts";
import type { SessionLimits } from "../../../src/session/limits.ts";
import { generationOf } from "../../../src/session/state.ts";
import { inSteps } from "../../../src/session/step.ts";
import { ModelClient } from "../../support/model-client.ts";
import { ModelShard } from "../../support/model-shard.ts";
import { records, textOf } from "../../support/records.ts";
import { SessionRig } from "../../support/session-rig.ts";

const topics = ["a", "b"] as const;

type Command =
  | {
      readonly kind: "deliver";
      readonly qos: readonly (0 | 1 | 2)[];
      /** Of those above QoS 0; 0: for ever. */
      readonly expirySeconds: number;
      readonly owed: boolean;
      readonly again: boolean;
    }
  | { readonly kind: "publish"; readonly messages: readonly { readonly qos: 0 | 1 | 2; readonly topic: "a" | "b" }[] }
  | { readonly kind: "acknowledge"; readonly count: number }
  | { readonly kind: "answer"; readonly topic: "a" | "b"; readonly refuseFrom: number }
  | { readonly kind: "fail" | "crash"; readonly topic: "a" | "b"; readonly heard: boolean }
  | { readonly kind: "connect"; readonly receiveMaximum: number }
  | { readonly kind: "jump"; readonly seconds: number; readonly rings: boolean }
  | { readonly kind: "cut" | "disconnect" | "sleep" };

const daySeconds = 86_400;

const qos = fc.constantFrom<0 | 1 | 2>(0, 1, 1, 2, 2);
const topic = fc.constantFrom(...topics);
const of = <Kind extends string>(...kinds: Kind[]) => fc.constantFrom(...kinds);

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: of("deliver"),
      qos: fc.array(qos, { minLength: 1, maxLength: 5 }),
      expirySeconds: fc.constantFrom(0, 0, 1, 60, daySeconds),
      owed: fc.boolean(),
      again: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: of("publish"),
      messages: fc.array(fc.record({ qos, topic }), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 7, arbitrary: fc.record({ kind: of("acknowledge"), count: fc.integer({ min: 1, max: 6 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: of("answer"),
      topic,
      refuseFrom: fc.oneof({ weight: 5, arbitrary: fc.constant(99) }, { weight: 1, arbitrary: fc.nat(3) }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: of("fail", "crash"), topic, heard: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: of("connect"), receiveMaximum: fc.constantFrom(1, 2, 5, 65_535) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: of("jump"),
      seconds: fc.constantFrom(1, 20, 120, 2 * daySeconds, -1, -120, -2 * daySeconds),
      // An alarm that finds nothing to do changes nothing.
      rings: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: of("cut", "disconnect", "sleep") }) },
);

class World {
  readonly version: ProtocolVersion;
  readonly rig: SessionRig;
  readonly shards = new Map(topics.map((name) => [name, new ModelShard()]));
  /** Delivered to the session and taken over, in order. */
  readonly taken: string[] = [];
  readonly published = new Map<string, { qos: 0 | 1 | 2; topic: "a" | "b" }>();
  readonly rejected = new Set<string>();
  readonly client = new ModelClient({
    accepted: (payload) => {
      const { topic } = this.published.get(payload) as { topic: "a" | "b" };
      expect(this.shards.get(topic)?.routed, "acknowledged, so routed").toContain(payload);
    },
    rejected: (payload) => this.rejected.add(payload),
  });
  /** Dropped by a full queue or because their time was over, as the session says itself. */
  drops = 0;
  readonly #sleepy: boolean;
  #count = 0;
  readonly #expiresAtMs = new Map<string, number>();
  /** What a shard has yet to bring to this session. */
  #deliveries: string[] = [];
  #lastDelivered: string[] = [];
  /** Sent and not written: its shard waits for the answer. */
  #held: string[] = [];

  constructor(version: ProtocolVersion, { sleepy, ...limits }: Variant) {
    this.version = version;
    this.#sleepy = sleepy === true;
    this.rig = new SessionRig(limits, {
      sent: (packet) => this.#receive(packet),
      routed: () => {},
      closed: () => this.client.disconnected(),
      effects: ({ reports }) => {
        for (const { event, reason, count } of reports) {
          if (event === "drop" && (reason === "queue-full" || reason === "expired")) this.drops += count;
        }
      },
    });
  }

  run(command: Command): void {
    this.#act(command);
    if (this.rig.held.length === 0) this.#takeOver(this.#held.splice(0));
    if (this.#sleepy && this.rig.isIdle) this.rig.sleep();
  }

  #act(command: Command): void {
    const { rig, client } = this;
    switch (command.kind) {
      case "deliver":
        for (const qos of command.qos) {
          const number = ++this.#count;
          const expiresAtMs = qos > 0 && command.expirySeconds > 0 ? rig.nowMs + command.expirySeconds * 1000 : 0;
          this.#expiresAtMs.set(`o${number}`, expiresAtMs);
          const expiry = expiresAtMs > 0 ? ` exp=${expiresAtMs}` : "";
          this.#deliveries.push(`t:o${number} q${qos}${qos === 2 ? ` seq=${number}` : ""}${expiry}`);
        }
        return this.deliver(command.owed, command.again);
      case "publish": {
        if (!rig.isConnected) return;
        const packets = command.messages.flatMap(({ qos, topic }) => {
          const payload = `i${++this.#count}`;
          const packet = client.publish(qos, topic, payload);
          if (packet === undefined) return [];
          this.published.set(payload, { qos, topic });
          return [packet];
        });
        return this.#send(packets);
      }
      case "acknowledge":
        if (rig.isConnected) this.#send(client.acknowledge(command.count));
        return;
      case "answer":
        return this.answer(command.topic, command.refuseFrom);
      case "fail": {
        const shard = rig.shardOf(command.topic);
        const items = rig.inFlight(shard);
        if (items.length === 0) return;
        if (command.heard) this.shards.get(command.topic)?.take(items);
        return rig.fail(shard);
      }
      case "crash":
        for (const name of topics) if (command.heard) this.shards.get(name)?.take(rig.inFlight(rig.shardOf(name)));
        client.disconnected();
        client.crashed = true;
        // The shard has had no answer, and comes with it again.
        for (const text of this.#held) client.disown(payloadOf(text));
        this.#deliveries.unshift(...this.#held.splice(0));
        return rig.crash();
      case "connect":
        return this.connect(command.receiveMaximum);
      case "cut":
        client.disconnected();
        rig.step({ type: "closed" });
        return;
      case "disconnect":
        if (rig.isConnected) this.#send([{ type: "disconnect", reason: 0 }]);
        return;
      case "sleep":
        if (rig.isIdle) rig.sleep();
        return;
      case "jump":
        rig.nowMs += command.seconds * 1000;
        if (command.rings) rig.tick();
        return;
    }
  }

  connect(receiveMaximum: number): void {
    const { client, rig, version } = this;
    client.disconnected();
    client.receiveMaximum = receiveMaximum;
    rig.connect({
      type: "connect",
      version,
      clientId: "c1",
      cleanStart: false,
      keepAliveSeconds: 0,
      sessionExpirySeconds: 0xffff_ffff,
      receiveMaximum,
      maximumPacketBytes: 268_435_460,
      topicAliasMaximum: 0,
      requestResponseInformation: false,
      requestProblemInformation: true,
      userProperties: [],
    });
    this.#send(client.resend());
  }

  /** What was refused, or was too much, comes again first. `again`: and so does what was taken, its answer being lost. */
  deliver(owed: boolean, again: boolean): void {
    for (const hold of [...this.rig.held]) this.rig.step({ type: "late", hold });
    this.#takeOver(this.#held.splice(0));
    const generation = generationOf(this.rig.session);
    if (generation === undefined) {
      this.#deliveries = [];
      return;
    }
    if (again)
      this.#deliverBatch(
        this.#lastDelivered.filter((text) => text.includes("seq=")),
        generation,
        owed,
      );
    const batch = this.#deliveries;
    const refused = this.#deliverBatch(batch, generation, owed);
    this.#deliveries = refused;
    this.#lastDelivered = batch.filter((text) => !refused.includes(text));
  }

  /** What was not taken. */
  #deliverBatch(batch: readonly string[], generation: number, owed: boolean): string[] {
    if (batch.length === 0) return [];
    const part = { publisher: "=p", publisherGeneration: 1, generation, body: records(...batch), owed };
    const { busy, parts } = this.rig.deliver(0, [part]);
    if (busy) return [...batch];
    const refused = parts[0]?.refused ?? [];
    const taken = batch.filter((text, index) => !text.endsWith("q0") && !refused.includes(index));
    if (this.rig.held.length > 0) this.#held = taken;
    else this.#takeOver(taken);
    return refused.map((index) => batch[index] as string);
  }

  #takeOver(texts: readonly string[]): void {
    for (const text of texts) {
      const payload = payloadOf(text);
      if (!this.taken.includes(payload)) this.taken.push(payload);
    }
  }

  answer(topic: "a" | "b", refuseFrom: number): void {
    const shard = this.rig.shardOf(topic);
    const items = this.rig.inFlight(shard);
    if (items.length > 0) this.rig.answer(shard, this.shards.get(topic)?.take(items, refuseFrom));
  }

  /** Everything comes to rest on a connection that holds. */
  settle(): void {
    this.connect(65_535);
    for (let round = 0; round < 200; round++) {
      for (const name of topics) this.answer(name, 99);
      if (!this.rig.isConnected) this.connect(65_535);
      this.#send(this.client.acknowledge(100));
      this.deliver(false, false);
      if (this.rig.isIdle && this.client.isQuiet && this.client.isDone && this.#deliveries.length === 0) return;
    }
    throw new Error("the session does not come to rest");
  }

  check(): void {
    const { received } = this.client;
    const arrived = new Set(received);
    expect(received, "what was taken over arrives, in order").toEqual(
      this.taken.filter((payload) => arrived.has(payload)),
    );
    expect(received.length + this.drops, "or is dropped and counted").toBe(this.taken.length);
    for (const name of topics) {
      const routed = this.shards.get(name)?.routed ?? [];
      const wanted = [...this.published].filter(
        ([payload, { topic }]) => topic === name && !this.rejected.has(payload),
      );
      for (const level of [1, 2] as const) {
        const ofLevel = wanted.filter(([, { qos }]) => qos === level).map(([payload]) => payload);
        const arrived = routed.filter((payload) => ofLevel.includes(payload));
        if (level === 2) expect(arrived, `QoS 2 to ${name}: once, in order`).toEqual(ofLevel);
        else expect([...new Set(arrived)], `QoS 1 to ${name}: at least once, in order`).toEqual(ofLevel);
      }
    }
    const { store, session } = this.rig;
    expect(store.queueBounds(), "no row is left behind").toBeUndefined();
    expect([session.queue.bytes, session.window.inflight, session.inbound.size, session.routingBytes]).toEqual([
      0, 0, 0, 0,
    ]);
  }

  #receive(packet: ServerPacket): void {
    if (packet.type === "publish" && !packet.dup) {
      const expiresAtMs = this.#expiresAtMs.get(textOf(packet.payload)) ?? 0;
      if (expiresAtMs > 0) expect(this.rig.nowMs, "[MQTT-3.3.2-5] sent in its time").toBeLessThan(expiresAtMs);
    }
    this.client.receive(packet);
  }

  #send(packets: readonly ClientPacket[]): void {
    for (const step of inSteps(packets)) if (this.rig.isConnected) this.rig.step({ type: "packets", packets: step });
  }
}

function payloadOf(text: string): string {
  return text.slice(2, text.indexOf(" "));
}

/** Limits, and whether the object loses its memory whenever it is at rest. */
type Variant = Partial<SessionLimits> & { readonly sleepy?: boolean };

const variants: readonly [ProtocolVersion, Variant][] = [
  [5, {}],
  [4, {}],
  [3, {}],
  [5, { sleepy: true }],
  [4, { sleepy: true }],
  [5, { heldMessagesMax: 64 }],
  [4, { heldMessagesMax: 64 }],
  [5, { heldMessagesMax: 64, sleepy: true }],
  [5, { heldMessagesMax: 64, inflightMax: 3 }],
  [5, { heldMessagesMax: 64, queueMessagesMax: 6, queuePolicy: "drop-oldest" }],
  [5, { queueMessagesMax: 6, inflightMax: 3 }],
  [5, { queueMessagesMax: 6, queuePolicy: "drop-oldest" }],
  [5, { queueBytesMax: 100, queuePolicy: "drop-oldest" }],
  [5, { queueMessagesMax: 6, queuePolicy: "drop-newest" }],
  [5, { queueMessagesMax: 6, queuePolicy: "drop-oldest", sleepy: true }],
];

test.each(variants)("[MQTT-4.3.3-1] [MQTT-4.6.0-1] MQTT %i, %j: the promises hold", (version, variant) => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 5, maxLength: 60, size: "max" }), (commands) => {
      const world = new World(version, variant);
      world.connect(65_535);
      for (const command of commands) world.run(command);
      world.settle();
      world.check();
    }),
    { numRuns: 250 },
  );
});
