// What a client of a simulated world is like. Drawn once for each; what it does when is drawn as it goes.

import type { ProtocolVersion } from "../../../src/protocol/version.ts";
import type { Random } from "../random.ts";

export interface Behaviour {
  readonly name: string;
  readonly version: ProtocolVersion;
  /** Seconds that its session outlives its connection. */
  readonly expirySeconds: number;
  /** Of each CONNECT: that it asks for a new session. */
  readonly startsClean: number;
  readonly receiveMaximum: number;
  /** Messages that it has under way at most. */
  readonly underwayMax: number;
  /** The longest pause between two things that it does, and before an acknowledgement. */
  readonly thinkMsMax: number;
  readonly acknowledgeMsMax: number;
  /** The filter that it subscribes to first of all, and keeps. */
  readonly standing: string | undefined;
  /** What it may do while it is connected, and how often. */
  readonly deeds: Readonly<Record<Deed, number>>;
  /** Of each connection: that it has a will. */
  readonly will: number;
  /** When the world comes to rest it does not come back. */
  readonly staysAway: boolean;
}

export type Deed = "publish" | "subscribe" | "unsubscribe" | "disconnect" | "cut" | "vanish" | "takeOver" | "wait";

export const neverExpires = 0xffff_ffff;

export function drawBehaviour(random: Random, name: string): Behaviour {
  const version = random.pick([3, 4, 4, 5, 5, 5] as const);
  const keepsSession = random.chance(0.65);
  const finite = version === 5 && random.chance(0.2);
  const maybe = (weight: number) => (random.chance(0.6) ? weight : 0);
  return {
    name,
    version,
    expirySeconds: !keepsSession ? 0 : finite ? random.between(2, 20) : neverExpires,
    startsClean: !keepsSession ? 1 : random.chance(0.3) ? 0.15 : 0,
    receiveMaximum: version === 5 ? random.pick([1, 2, 5, 20, 65_535]) : 65_535,
    underwayMax: random.pick([1, 4, 20]),
    thinkMsMax: random.pick([40, 150, 600]),
    acknowledgeMsMax: random.pick([0, 5, 50, 500]),
    standing: undefined,
    deeds: {
      publish: random.pick([10, 40, 80]),
      subscribe: maybe(12),
      unsubscribe: maybe(6),
      disconnect: maybe(3),
      cut: maybe(4),
      vanish: maybe(1),
      takeOver: maybe(2),
      wait: 20,
    },
    will: maybe(0.5),
    staysAway: random.chance(0.1),
  };
}

/** Sees everything that anybody publishes, and has a session that never ends. */
export function observer(random: Random, name: string): Behaviour {
  const drawn = drawBehaviour(random, name);
  return {
    ...drawn,
    expirySeconds: neverExpires,
    startsClean: 0,
    standing: "#",
    deeds: { ...drawn.deeds, publish: 0, subscribe: 0, unsubscribe: 0, cut: 3, wait: 60 },
    will: 0,
    staysAway: false,
  };
}

/** Comes when everything is at rest, and only looks. */
export function latecomer(name: string): Behaviour {
  return {
    name,
    version: 5,
    expirySeconds: 0,
    startsClean: 1,
    receiveMaximum: 65_535,
    underwayMax: 100,
    thinkMsMax: 5,
    acknowledgeMsMax: 0,
    standing: "#",
    deeds: { publish: 0, subscribe: 0, unsubscribe: 0, disconnect: 0, cut: 0, vanish: 0, takeOver: 0, wait: 1 },
    will: 0,
    staysAway: false,
  };
}
