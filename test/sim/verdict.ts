// What the judges say of one world.

import type { Config } from "../../worker/config.ts";
import { sessionName } from "../../worker/names.ts";
import type { Client } from "./client/client.ts";
import { lostToGroups, onceForGroups } from "./judge/groups.ts";
import { acknowledgedLoss, exactlyOnce, ghosts, order } from "./judge/messages.ts";
import { progress } from "./judge/rest.ts";
import { retainedAtRest, retainedOnSubscribe } from "./judge/retained.ts";
import { wills } from "./judge/wills.ts";
import type { Ledger } from "./ledger.ts";
import type { Platform } from "./platform/platform.ts";
import type { Scene } from "./scene.ts";

/** The promises, by the names under which they are reported. */
export type Promised =
  | "no acknowledged loss"
  | "groups"
  | "exactly once"
  | "order"
  | "no ghost"
  | "retained"
  | "wills"
  | "progress"
  | "bounded"
  | "protocol"
  | "no surprise";

/** Instances of each promise that was broken; none if all were kept. */
export type Broken = Readonly<Partial<Record<Promised, readonly string[]>>>;

export interface Verdict {
  readonly seed: number;
  readonly profile: string;
  readonly broken: Broken;
  readonly messages: number;
  readonly deliveries: number;
  readonly turns: number;
  readonly resets: number;
  readonly evictions: number;
  /** Of all that happened, in its order. */
  readonly digest: number;
}

/** What a world leaves for its judges. */
export interface Evidence {
  readonly platform: Platform;
  readonly config: Config;
  readonly ledger: Ledger;
  readonly scene: Scene;
  readonly clients: readonly Client[];
  readonly observers: readonly string[];
  readonly latecomer: Client;
  /** What had not come to rest in time. */
  readonly unfinished: readonly string[];
  readonly exceeded: readonly string[];
}

export function judge(evidence: Evidence): Broken {
  const { platform, ledger, scene, observers, latecomer, unfinished, exceeded } = evidence;
  const { refuses = false, drops = false } = scene.profile;
  const away = namesAway(evidence.clients);
  const isSettled = (client: string) => !away.includes(sessionName(client));
  const all: Record<Promised, readonly string[]> = {
    "no acknowledged loss": drops ? [] : acknowledgedLoss(ledger, isSettled),
    groups: [...(drops ? [] : lostToGroups(ledger, isSettled)), ...onceForGroups(ledger)],
    "exactly once": exactlyOnce(ledger),
    order: order(ledger, drops),
    "no ghost": ghosts(ledger),
    retained:
      latecomer.session === undefined
        ? ["nobody looked"]
        : [...retainedAtRest(ledger, latecomer.session, scene), ...retainedOnSubscribe(ledger, scene, isSettled)],
    wills: wills(ledger, observers, refuses || drops),
    // Who publishes to a queue that is full is refused, in peace too.
    progress: [
      ...(platform.isExhausted ? [`after ${platform.turns} turns there is still something to do`] : []),
      ...unfinished,
      ...(refuses ? [] : scene.endedInPeace),
    ],
    bounded: exceeded,
    protocol: ledger.complaints,
    "no surprise": platform.surprises,
  };
  return Object.fromEntries(Object.entries(all).filter(([, instances]) => instances.length > 0));
}

export function unfinishedIn(platform: Platform, clients: readonly Client[]): string[] {
  return progress(platform, clients, namesAway(clients));
}

/** Sessions of clients that do not come back: what they are owed stays. */
function namesAway(clients: readonly Client[]): string[] {
  return clients.filter(({ isGone }) => isGone).map(({ name }) => sessionName(name));
}
