// The whole broker in this process, without the platform: the real codec, session rules, shard rules and stores. What a
// client sends is carried through to its end before anything else happens, and no time passes but what is waited for.

import { Decoder } from "../../src/codec/decode.ts";
import type { ProtocolFailure } from "../../src/protocol/failure.ts";
import type { ClientPacket, Connect } from "../../src/protocol/packet.ts";
import { wakeAtMs } from "../../src/session/closing.ts";
import type { DeliveryPart, PartAnswer } from "../../src/session/deliver.ts";
import { inSteps } from "../../src/session/step.ts";
import { type Config, parseConfig } from "../../worker/config.ts";
import { CoreShard } from "./core-shard.ts";
import { CoreSocket } from "./core-socket.ts";
import { type Clock, SessionRig } from "./session-rig.ts";
import type { Venue } from "./venue.ts";

export interface CoreSession {
  readonly rig: SessionRig;
  /** Of the client that is connected. */
  socket: CoreSocket | undefined;
}

export interface CoreBrokerOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** All objects lose their memory whenever they come to rest. */
  readonly forgetful?: boolean;
}

export class CoreBroker implements Venue<CoreSocket> {
  readonly config: Config;
  readonly #clock: Clock = { nowMs: Date.UTC(2026, 0, 1) };
  readonly #forgetful: boolean;
  readonly #sessions = new Map<string, CoreSession>();
  readonly #shards = new Map<number, CoreShard>();
  /** Sessions that wait for a shard. */
  readonly #asking = new Set<CoreSession>();
  #assignedIds = 0;

  constructor({ env = {}, forgetful = false }: CoreBrokerOptions = {}) {
    this.config = parseConfig({ ALLOW_ANONYMOUS: "true", ...env });
    this.#forgetful = forgetful;
  }

  get nowMs(): number {
    return this.#clock.nowMs;
  }

  get sessions(): Iterable<CoreSession> {
    return this.#sessions.values();
  }

  async openSocket(): Promise<CoreSocket> {
    return new CoreSocket(this);
  }

  /** The CONNECT of a client that may connect. */
  connect(socket: CoreSocket, connect: Connect): CoreSession {
    const isAssigned = connect.clientId === "";
    const clientId = isAssigned ? `auto-${++this.#assignedIds}` : connect.clientId;
    const session = this.#session(clientId);
    if (session.rig.isConnected) session.rig.step({ type: "taken-over" });
    session.socket = socket;
    session.rig.connect({ ...connect, clientId }, isAssigned);
    return session;
  }

  /** What came in one frame. */
  take({ rig }: CoreSession, packets: readonly (ClientPacket | ProtocolFailure)[]): void {
    for (const together of inSteps(packets)) rig.step({ type: "packets", packets: together });
  }

  decoder(connect: Connect): Decoder {
    return new Decoder(connect.version, this.config);
  }

  deliver(target: string, shard: number, part: DeliveryPart): PartAnswer {
    const { rig } = this.#session(target);
    const answer = rig.deliver(shard, [part]);
    // No time passes here but what is waited for, and a shard waits for this.
    for (const hold of rig.held) rig.step({ type: "late", hold });
    return answer.parts[0] as PartAnswer;
  }

  /** Lets the shards answer until nobody waits for one. */
  settle(): void {
    for (const session of this.#asking) {
      const { rig } = session;
      // The shard that was asked last answers first: whatever order there is comes from the rules.
      for (const [shard, lane] of [...rig.lanes].reverse()) {
        if (lane.flight === undefined) continue;
        const { refused, retained } = this.#shard(shard).exchange(rig.name, lane.flight.items);
        rig.answer(shard, refused, retained);
      }
      if (rig.isIdle) this.#asking.delete(session);
    }
    if (this.#asking.size > 0) return this.settle();
    if (this.#forgetful) this.sleep();
  }

  /** All objects lose their memory, at a moment of rest. */
  sleep(): void {
    for (const { rig, socket } of this.#sessions.values()) {
      rig.sleep();
      socket?.sleep();
    }
    for (const shard of this.#shards.values()) shard.sleep();
  }

  /** All objects lose their memory, and their clients' connections end unseen. */
  crash(): void {
    for (const { rig, socket } of this.#sessions.values()) {
      rig.crash();
      socket?.end();
    }
    for (const shard of this.#shards.values()) shard.sleep();
  }

  /** The clock is put forward, with all that falls due until then, or back. */
  goTo(atMs: number): void {
    while (this.jump(atMs));
    this.#clock.nowMs = atMs;
  }

  /** A moment passes. */
  pass(): void {
    this.#clock.nowMs++;
  }

  /** Jumps to the next time that an object wants to be woken at; false if there is none until then. */
  jump(deadlineMs: number): boolean {
    let next: { readonly wake: () => void; readonly atMs: number } | undefined;
    const consider = (atMs: number | undefined, wake: () => void) => {
      if (atMs !== undefined && atMs <= deadlineMs && (next === undefined || atMs < next.atMs)) next = { wake, atMs };
    };
    for (const { rig } of this.#sessions.values()) consider(wakeAtMs(rig.session, this.nowMs), () => rig.tick());
    for (const shard of this.#shards.values()) consider(shard.nextAtMs(), () => shard.release());
    if (next === undefined) return false;
    this.#clock.nowMs = Math.max(this.nowMs, next.atMs);
    next.wake();
    this.settle();
    return true;
  }

  #session(clientId: string): CoreSession {
    const known = this.#sessions.get(clientId);
    if (known !== undefined) return known;
    const rig = new SessionRig(
      this.config,
      {
        sent: (packet) => session.socket?.receive(packet),
        closed: () => session.socket?.end(),
        routed: () => this.#asking.add(session),
        effects: () => {},
      },
      clientId,
      this.#clock,
    );
    const session: CoreSession = { rig, socket: undefined };
    this.#sessions.set(clientId, session);
    return session;
  }

  #shard(index: number): CoreShard {
    const known = this.#shards.get(index);
    if (known !== undefined) return known;
    const shard = new CoreShard(this.config, this.#clock, (target, part) => this.deliver(target, index, part));
    this.#shards.set(index, shard);
    return shard;
  }
}
