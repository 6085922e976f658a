// How long a session lives and what becomes of wills, under connections of any kind, ends of any kind, crashes, sleep and
// a clock that jumps forward and back: against a model of a few lines.

import fc from "fast-check";
import { generate, type IConnectPacket } from "mqtt-packet";
import { expect, test } from "vitest";
import { RecordReader } from "../../../src/queue/record.ts";
import type { DeliveryPart, PartAnswer } from "../../../src/session/deliver.ts";
import { CoreBroker } from "../../support/core-broker.ts";
import { CoreSocket } from "../../support/core-socket.ts";
import { textOf } from "../../support/records.ts";

const never = 0xffff_ffff;

interface Connecting {
  readonly kind: "connect";
  readonly clean: boolean;
  readonly expirySeconds: number;
  readonly will: { readonly delaySeconds: number; readonly qos: 0 | 1 | 2 } | undefined;
}

type Command =
  | Connecting
  | { readonly kind: "disconnect" | "disconnect with will" | "cut" | "mistake" | "crash" | "sleep" }
  | { readonly kind: "jump"; readonly seconds: number };

const connecting: fc.Arbitrary<Connecting> = fc.record({
  kind: fc.constant("connect"),
  clean: fc.boolean(),
  expirySeconds: fc.constantFrom(0, 10, 100, never),
  will: fc.option(
    fc.record({ delaySeconds: fc.constantFrom(0, 5, 50, 1000), qos: fc.constantFrom<0 | 1 | 2>(0, 1, 2) }),
    { nil: undefined },
  ),
});

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: connecting },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom("disconnect", "disconnect with will", "cut", "cut", "mistake", "crash", "sleep"),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("jump"),
      seconds: fc.constantFrom(1, 4, 20, 60, 200, 3_000, -1, -30, -3_000),
    }),
  },
);

interface ModelConnection {
  readonly expirySeconds: number;
  readonly will: { readonly payload: string; readonly delaySeconds: number } | undefined;
}

/** What should happen. */
class Model {
  readonly published: string[] = [];
  #connection: ModelConnection | undefined;
  /** Whether it is there although nobody can say so: the broker was killed. */
  #isLost = false;
  /** When a session without a connection ends. */
  #endsAtMs: number | undefined;
  #wills: { readonly payload: string; readonly dueAtMs: number }[] = [];

  get isConnected(): boolean {
    return this.#connection !== undefined && !this.#isLost;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Whether a session is present. */
  connect(clean: boolean, connection: ModelConnection, nowMs: number): boolean {
    this.end(true, nowMs);
    this.passTo(nowMs);
    if (clean) this.#endSession();
    const isPresent = this.#endsAtMs !== undefined;
    this.#wills = [];
    this.#endsAtMs = undefined;
    this.#connection = connection;
    return isPresent;
  }

  /** The connection ends, or is found to have ended. */
  end(publishesWill: boolean, nowMs: number): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#connection = undefined;
    this.#isLost = false;
    const { expirySeconds, will } = connection;
    if (will !== undefined && publishesWill) {
      this.#wills.push({ payload: will.payload, dueAtMs: nowMs + Math.min(will.delaySeconds, expirySeconds) * 1000 });
    }
    this.#endsAtMs = expirySeconds === never ? Number.POSITIVE_INFINITY : nowMs + expirySeconds * 1000;
    if (expirySeconds === 0) this.#endSession();
    this.passTo(nowMs);
  }

  lose(): void {
    if (this.#connection !== undefined) this.#isLost = true;
  }

  passTo(nowMs: number): void {
    this.#publish(({ dueAtMs }) => dueAtMs <= nowMs);
    if (this.#endsAtMs !== undefined && this.#endsAtMs <= nowMs) this.#endSession();
  }

  #endSession(): void {
    this.#endsAtMs = undefined;
    this.#publish(() => true);
  }

  #publish(isDue: (will: { readonly dueAtMs: number }) => boolean): void {
    this.published.push(...this.#wills.filter(isDue).map(({ payload }) => payload));
    this.#wills = this.#wills.filter((will) => !isDue(will));
  }
}

/** Notes what comes for the witness, who takes it and says nothing. */
class Watched extends CoreBroker {
  readonly published: string[] = [];

  override deliver(target: string, shard: number, part: DeliveryPart): PartAnswer {
    if (target !== "witness") return super.deliver(target, shard, part);
    for (const reader = new RecordReader(part.body); reader.next(); ) this.published.push(textOf(reader.payload));
    return { gone: false, refused: [] };
  }
}

class World {
  readonly broker = new Watched({ env: { TOPIC_SHARDS: "1" } });
  readonly model = new Model();
  #socket: CoreSocket | undefined;
  #wills = 0;

  constructor() {
    const witness = this.#connect({ clientId: "witness", clean: true });
    const subscriptions = [{ topic: "will", qos: 2 as const }];
    witness.sendBytes(generate({ cmd: "subscribe", messageId: 1, subscriptions }, { protocolVersion: 5 }));
  }

  run(command: Command): void {
    this.#act(command);
    expect(this.broker.published.toSorted(), JSON.stringify(command)).toEqual(this.model.published.toSorted());
  }

  #act(command: Command): void {
    const { broker, model } = this;
    const socket = this.#socket;
    switch (command.kind) {
      case "connect":
        return this.#connectClient(command);
      case "disconnect":
      case "disconnect with will": {
        if (!model.isConnected) return;
        const reasonCode = command.kind === "disconnect" ? 0 : 4;
        socket?.sendBytes(generate({ cmd: "disconnect", reasonCode }, { protocolVersion: 5 }));
        return model.end(reasonCode === 4, broker.nowMs);
      }
      case "mistake":
        if (!model.isConnected) return;
        socket?.sendBytes(Uint8Array.of(0, 0));
        return model.end(true, broker.nowMs);
      case "cut":
        if (!model.isConnected) return;
        socket?.cut();
        return model.end(true, broker.nowMs);
      case "crash":
        broker.crash();
        return model.lose();
      case "sleep":
        return broker.sleep();
      case "jump":
        return this.#jump(broker.nowMs + command.seconds * 1000);
    }
  }

  #connectClient({ clean, expirySeconds, will }: Connecting): void {
    const payload = `${++this.#wills}`;
    const socket = this.#connect({
      clientId: "c1",
      clean,
      properties: { sessionExpiryInterval: expirySeconds },
      ...(will === undefined
        ? {}
        : { will: { topic: "will", payload, qos: will.qos, properties: { willDelayInterval: will.delaySeconds } } }),
    });
    this.#socket = socket;
    const own = will === undefined ? undefined : { payload, delaySeconds: will.delaySeconds };
    const isPresent = this.model.connect(clean, { expirySeconds, will: own }, this.broker.nowMs);
    expect(socket.packets[0]?.body[0], "session present").toBe(isPresent ? 1 : 0);
  }

  #connect(options: Partial<IConnectPacket> & { readonly clientId: string }): CoreSocket {
    const socket = new CoreSocket(this.broker);
    const packet: IConnectPacket = { cmd: "connect", protocolId: "MQTT", protocolVersion: 5, keepalive: 0, ...options };
    socket.sendBytes(generate(packet, { protocolVersion: 5 }));
    return socket;
  }

  /** Step by step, so that the model hears when a client is found to be gone. */
  #jump(atMs: number): void {
    const { broker, model } = this;
    while (broker.jump(atMs)) {
      if (model.isLost) model.end(true, broker.nowMs);
      model.passTo(broker.nowMs);
    }
    broker.goTo(atMs);
    model.passTo(atMs);
  }
}

test("[MQTT-3.1.2-8] [MQTT-3.1.3-9] [MQTT-4.1.0-2] a session and its wills last as long as they should", () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 3, maxLength: 40, size: "max" }), (commands) => {
      const world = new World();
      for (const each of commands) world.run(each);
    }),
    { numRuns: 200 },
  );
});
