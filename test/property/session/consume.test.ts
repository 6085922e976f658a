// A queue that workers and an MQTT client consume by turns, with crashes, sleep and time: every message is finished by somebody,
// and nothing comes again once it is.

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Handle } from "../../../src/session/consume.ts";
import { ManagedSession } from "../../support/managed-session.ts";

type Command =
  | { readonly kind: "deliver"; readonly qos: readonly (1 | 2)[] }
  | { readonly kind: "pull"; readonly count: number; readonly visibilityMs: number }
  | { readonly kind: "acknowledge" | "return" | "extend"; readonly pick: number }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "connect"; readonly receiveMaximum: number }
  | { readonly kind: "cut" | "crash" | "sleep" | "answer" | "rest" };

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    kind: fc.constant("deliver" as const),
    qos: fc.array(fc.constantFrom<1 | 2>(1, 2), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({
    kind: fc.constant("pull" as const),
    count: fc.integer({ min: 1, max: 5 }),
    visibilityMs: fc.constantFrom(1_000, 10_000),
  }),
  fc.record({ kind: fc.constantFrom("acknowledge" as const, "return" as const, "extend" as const), pick: fc.nat(20) }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(500, 5_000, 20_000) }),
  fc.record({ kind: fc.constant("connect" as const), receiveMaximum: fc.constantFrom(1, 3, 65_535) }),
  fc.record({
    kind: fc.constantFrom("cut" as const, "crash" as const, "sleep" as const, "answer" as const, "rest" as const),
  }),
);

class World {
  readonly session = ManagedSession.provisioned();
  readonly delivered: string[] = [];
  readonly handled = new Set<string>();
  /** Of these, what must not come again: a client's PUBACK is not written, so after a crash its message does. */
  readonly finished = new Set<string>();
  /** Pulls whose answers a worker still has. */
  #held: { readonly text: string; readonly handle: Handle }[] = [];
  #sequence = 0;

  run(command: Command): void {
    const { session } = this;
    const { rig } = session;
    switch (command.kind) {
      case "deliver":
        for (const qos of command.qos) {
          const text = `${this.delivered.length}`;
          this.delivered.push(text);
          session.deliver(`a:${text} q${qos}${qos === 2 ? ` seq=${++this.#sequence}` : ""}`);
        }
        break;
      case "pull":
        this.#pull(command.count, command.visibilityMs);
        break;
      case "acknowledge": {
        const held = this.#pick(command.pick);
        if (held !== undefined && session.acknowledge([held.handle])[0] === "done") {
          this.handled.add(held.text);
          this.finished.add(held.text);
        }
        break;
      }
      case "return":
      case "extend": {
        const held = this.#pick(command.pick);
        if (held === undefined) break;
        if (command.kind === "return") session.giveBack([held.handle], command.pick % 2 === 0 ? 0 : 3_000);
        else session.extend([held.handle], 5_000);
        break;
      }
      case "wait":
        rig.nowMs += command.ms;
        rig.tick();
        break;
      case "connect":
        session.sent = [];
        session.connect({ receiveMaximum: command.receiveMaximum });
        break;
      case "cut":
        if (rig.isConnected) rig.step({ type: "closed" });
        break;
      case "crash":
        session.sent = [];
        rig.crash();
        break;
      case "sleep":
        rig.sleep();
        break;
      case "answer":
        this.#answer();
        break;
      case "rest":
        for (let round = 0; round < 20; round++) this.#answer();
        break;
    }
    if (rig.isConnected) this.#look();
  }

  settle(): void {
    const { session } = this;
    for (let round = 0; round < this.delivered.length + 10; round++) {
      this.run({ kind: "wait", ms: 20_000 });
      if (!session.rig.isConnected) this.run({ kind: "connect", receiveMaximum: 65_535 });
      this.run({ kind: "rest" });
    }
  }

  #pull(count: number, visibilityMs: number): void {
    const { texts, handles } = this.session.pull(count, { visibilityMs });
    for (const [index, handle] of handles.entries()) {
      const text = (texts[index] as string).slice(2);
      expect(this.finished, "pulled").not.toContain(text);
      this.#held.push({ text, handle });
    }
  }

  #pick(index: number) {
    return this.#held.length === 0 ? undefined : this.#held[index % this.#held.length];
  }

  /** What was sent, as long as nobody has answered it: nothing finished is among it. */
  #look(): void {
    for (const packet of this.session.sent) {
      const [, text] = /^publish a:(\d+) /.exec(packet) ?? [];
      if (text !== undefined) expect(this.finished, "sent").not.toContain(text);
    }
  }

  /** The client acknowledges what it has been sent. */
  #answer(): void {
    const { session } = this;
    for (const packet of session.takeSent()) {
      if (!session.rig.isConnected) return;
      const [, text = "", qos, id] = /^publish a:(\d+) q(\d) #(\d+)/.exec(packet) ?? [];
      const [, release] = /^pubrel #(\d+)/.exec(packet) ?? [];
      if (release !== undefined) {
        session.rig.step({ type: "packets", packets: [{ type: "pubcomp", packetId: Number(release), reason: 0 }] });
      } else if (id !== undefined) {
        const type = qos === "1" ? "puback" : "pubrec";
        session.rig.step({ type: "packets", packets: [{ type, packetId: Number(id), reason: 0 }] });
        this.handled.add(text);
        if (qos === "2") this.finished.add(text);
      }
    }
  }
}

test("every message is finished by somebody, and is handed to nobody once it is", () => {
  const property = fc.property(fc.array(command, { minLength: 5, maxLength: 80, size: "max" }), (commands) => {
    const world = new World();
    for (const one of commands) world.run(one);
    world.settle();
    expect([...world.handled].sort()).toEqual([...world.delivered].sort());
    expect(world.session.count("segment")).toBe(0);
  });
  fc.assert(property, { numRuns: 300 });
});
