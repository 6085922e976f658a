// Mistakes made on purpose, each of a kind that a broker can have. The harness has to find every one: a checker that
// cannot fail proves nothing. They are made from outside, on the objects' own classes and on the platform under them.

import { Lane } from "../../src/hop/lane.ts";
import type { Change } from "../../src/session/changes.ts";
import type { ShardChange } from "../../src/shard/changes.ts";
import { SessionStore } from "../../src/store/session-store.ts";
import { ShardStore } from "../../src/store/shard-store.ts";
import { KeptStubs } from "../../worker/kept-stubs.ts";
import { FanOut } from "../../worker/shard/fan-out.ts";
import type { PlatformBugs } from "./platform/platform.ts";
import type { Promised } from "./verdict.ts";

export interface Mutant {
  readonly what: string;
  /** Promises of which at least one is broken by it. */
  readonly breaks: readonly Promised[];
  readonly platform?: PlatformBugs;
  readonly install?: () => void;
}

/** The session's rows without the changes of one kind. */
function sessionForgets(kind: Change["kind"]): () => void {
  return () => {
    const { apply } = SessionStore.prototype;
    SessionStore.prototype.apply = function (changes) {
      apply.call(
        this,
        changes.filter((change) => change.kind !== kind),
      );
    };
  };
}

function shardForgets(kind: ShardChange["kind"]): () => void {
  return () => {
    const { apply } = ShardStore.prototype;
    ShardStore.prototype.apply = function (changes) {
      apply.call(
        this,
        changes.filter((change) => change.kind !== kind),
      );
    };
  };
}

export const mutants: Readonly<Record<string, Mutant>> = {
  openGate: {
    what: "what an object sends leaves before what it wrote is committed",
    breaks: ["no acknowledged loss", "exactly once", "wills", "protocol"],
    platform: { gateIsOpen: true },
  },
  deafAlarms: {
    what: "alarms do not ring",
    breaks: ["progress", "wills"],
    platform: { alarmsAreDeaf: true },
  },
  earlyAnswer: {
    what: "a shard answers before the sessions have taken the messages over",
    breaks: ["no acknowledged loss", "order", "exactly once"],
    install: () => {
      const { send } = FanOut.prototype;
      FanOut.prototype.send = async function (...batch) {
        send.apply(this, batch).catch(() => {});
        return [];
      };
    },
  },
  noOutbox: {
    what: "what a session did not take in time is not written to the outbox",
    breaks: ["no acknowledged loss"],
    install: shardForgets("put-owed"),
  },
  eternalOutbox: {
    what: "what was delivered from the outbox stays in it",
    breaks: ["progress"],
    install: shardForgets("delete-owed"),
  },
  noShardCursor: {
    what: "a shard does not keep how far a publisher's QoS 2 messages were routed",
    breaks: ["exactly once", "groups"],
    install: shardForgets("put-source"),
  },
  noSessionCursor: {
    what: "a session does not keep which QoS 2 messages it has taken over",
    breaks: ["exactly once"],
    install: sessionForgets("put-source"),
  },
  noInbound: {
    what: "a session does not keep the identifiers of QoS 2 messages",
    breaks: ["exactly once", "no acknowledged loss"],
    install: sessionForgets("put-inbound"),
  },
  noWindow: {
    what: "a session does not keep that a message was released",
    breaks: ["exactly once", "protocol"],
    install: sessionForgets("put-window"),
  },
  noSegment: {
    what: "a session does not keep its queue",
    breaks: ["no acknowledged loss"],
    install: sessionForgets("put-segment"),
  },
  eternalSegment: {
    what: "a session does not delete what is finished",
    breaks: ["progress", "bounded", "order"],
    install: sessionForgets("delete-segments"),
  },
  eternalRoute: {
    what: "a shard keeps the route after UNSUBSCRIBE",
    breaks: ["no ghost"],
    install: shardForgets("delete-route"),
  },
  noRetained: {
    what: "a shard does not keep retained messages",
    breaks: ["retained"],
    install: shardForgets("put-retained"),
  },
  eternalRetained: {
    what: "a shard does not clear retained messages",
    breaks: ["retained"],
    install: shardForgets("delete-retained"),
  },
  noWill: {
    what: "a session does not keep its will",
    breaks: ["wills"],
    install: sessionForgets("put-will"),
  },
  eternalWill: {
    what: "a session keeps the will that DISCONNECT took back",
    breaks: ["wills"],
    install: sessionForgets("delete-will"),
  },
  noSubscription: {
    what: "a session does not keep its subscriptions",
    breaks: ["no ghost", "progress", "protocol"],
    install: sessionForgets("put-subscription"),
  },
  noGroupRow: {
    what: "a shard does not keep what it acknowledges for a group",
    breaks: ["groups"],
    install: shardForgets("put-group-row"),
  },
  eternalGroupRow: {
    what: "a shard keeps what a member of a group has taken over",
    breaks: ["groups", "progress", "exactly once"],
    install: shardForgets("delete-group-row"),
  },
  noDelayed: {
    what: "a shard does not keep delayed messages",
    breaks: ["no acknowledged loss"],
    install: shardForgets("put-delayed"),
  },
  eternalDelayed: {
    what: "a shard keeps delayed messages that it has published",
    breaks: ["exactly once", "progress"],
    install: shardForgets("delete-delayed"),
  },
  noRelease: {
    what: "a shard does not keep which delayed messages are leaving, under which numbers",
    breaks: ["exactly once", "groups", "no acknowledged loss"],
    install: shardForgets("put-release"),
  },
  jumpedQueue: {
    what: "what is pushed into a lane goes first",
    breaks: ["order"],
    install: () => {
      const { push, drain } = Lane.prototype;
      Lane.prototype.push = function (item) {
        const waiting = drain.call(this);
        push.call(this, item);
        for (const other of waiting) push.call(this, other);
      };
    },
  },
  brokenWay: {
    what: "an object calls over a stub that a reset has broken",
    breaks: ["progress"],
    install: () => {
      const { call } = KeptStubs.prototype;
      const kept = new WeakMap<object, Map<unknown, unknown>>();
      const callForever = function (
        this: KeptStubs<unknown, unknown>,
        name: unknown,
        use: (stub: unknown) => Promise<unknown>,
      ) {
        const stubs = kept.get(this) ?? new Map();
        kept.set(this, stubs);
        return call.call(this, name, (stub) => {
          if (!stubs.has(name)) stubs.set(name, stub);
          return use(stubs.get(name));
        });
      };
      KeptStubs.prototype.call = callForever as typeof call;
    },
  },
};
