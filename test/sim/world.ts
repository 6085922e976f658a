// One simulated world, from a seed to a verdict. In the storm clients do as they please and everything that can fail does;
// then faults stop, everybody comes back and all comes to rest; then each topic gets a last message, a latecomer looks at
// what is retained, and the judges look at everything.

import { type Config, configOf, parseConfig } from "../../worker/config.ts";
import { SessionDirectory } from "../../worker/directory/object.ts";
import type { Env } from "../../worker/env.ts";
import { RelayObject } from "../../worker/relay/object.ts";
import { SessionObject } from "../../worker/session/object.ts";
import { TopicShard } from "../../worker/shard/object.ts";
import { drawBehaviour, latecomer, observer } from "./client/behaviour.ts";
import { Client } from "./client/client.ts";
import { exceeded } from "./judge/bounds.ts";
import { Ledger } from "./ledger.ts";
import { inhabit } from "./platform/globals.ts";
import type { ObjectClass } from "./platform/host.ts";
import { Platform, type PlatformBugs } from "./platform/platform.ts";
import { type Profile, profiles } from "./profiles.ts";
import { Random } from "./random.ts";
import { Scene } from "./scene.ts";
import { judge, unfinishedIn, type Verdict } from "./verdict.ts";
import { calm, drawWeather } from "./weather.ts";

export interface WorldOptions {
  readonly seed: number;
  /** Beyond what the broker withstands so far. */
  readonly harsh?: boolean;
  /** The only profile; otherwise the seed decides. */
  readonly profile?: string | undefined;
  readonly bugs?: PlatformBugs;
  /** Gets each line of what happens. */
  readonly trace?: (line: string) => void;
}

const startMs = Date.UTC(2030, 0, 1);
/** Until everybody is back, and everything that was under way has been given up or has arrived. */
const returnMs = 30_000;
/** The time in which all must come to rest: an outbox pauses for a minute at most between two attempts. */
const restMs = 5 * 60_000;
/** A client that vanished with its line is noticed within this. */
const vanishedMs = 90 * 60_000;
const inspectionEveryMs = 1_000;

export async function runWorld(options: WorldOptions): Promise<Verdict> {
  const { seed, harsh = false, bugs = {}, trace } = options;
  const random = new Random(seed);
  const drawn = random.pick(Object.keys(profiles));
  const profileName = options.profile ?? drawn;
  const profile = profiles[profileName] as Profile;
  const platform = new Platform({
    random,
    weather: drawWeather(random, harsh),
    startMs,
    bugs,
    variables: { ALLOW_ANONYMOUS: "true", ...profile.variables },
    classes: {
      SESSION: SessionObject as unknown as ObjectClass,
      SHARD: TopicShard as unknown as ObjectClass,
      RELAY: RelayObject as unknown as ObjectClass,
      DIRECTORY: SessionDirectory as unknown as ObjectClass,
    },
    trace,
  });
  inhabit(platform);
  platform.note("weather", profileName, () => JSON.stringify(platform.weather));
  const config = setConfiguration(platform.env as unknown as Env);
  const ledger = new Ledger();
  const scene = new Scene(profile, random);
  const arrive = (behaviour: ReturnType<typeof drawBehaviour>) => new Client(behaviour, platform, ledger, scene);
  const first = arrive(observer(random, "observer"));
  const clients = [first];
  for (let left = random.between(1, 5); left > 0; left--) clients.push(arrive(drawBehaviour(random, `client-${left}`)));
  const excesses = inspect(platform, config);
  scheduleFaults(platform);
  await platform.run(startMs + random.between(1_000, 15_000));

  platform.weather = calm;
  for (const client of clients) client.settle();
  await platform.run(platform.agenda.nowMs + returnMs);
  scene.isPeaceful = true;
  first.publishEverywhere();
  await platform.run(platform.agenda.nowMs + restMs);
  const last = arrive(latecomer("latecomer"));
  last.settle();
  await platform.run(platform.agenda.nowMs + returnMs);
  const unfinished = unfinishedIn(platform, clients);
  await platform.run(platform.agenda.nowMs + vanishedMs);

  const observers = [first.name];
  const evidence = { platform, config, ledger, scene, clients, observers, latecomer: last, unfinished };
  const broken = judge({ ...evidence, exceeded: [...excesses] });
  platform.close();
  return {
    seed,
    profile: profileName,
    broken,
    messages: ledger.messages.length,
    deliveries: ledger.sessions.reduce((sum, { receipts }) => sum + receipts.length, 0),
    turns: platform.turns,
    resets: platform.resets,
    evictions: platform.evictions,
    digest: platform.digest,
  };
}

/** A running copy of the Worker reads its configuration once; here it is another one for each world. */
function setConfiguration(env: Env): Config {
  return Object.assign(configOf(env), parseConfig(env));
}

/** Looks at all limits again and again, as long as the storm lasts; the set grows as they are exceeded. */
function inspect(platform: Platform, config: Config): ReadonlySet<string> {
  const excesses = new Set<string>();
  const look = () => {
    for (const excess of exceeded(platform, config)) excesses.add(excess);
    if (platform.weather !== calm) platform.agenda.after(inspectionEveryMs, look);
  };
  look();
  return excesses;
}

/** Faults that come by themselves, at random intervals around their mean, until the weather is calm. */
function scheduleFaults(platform: Platform): void {
  const random = platform.random.branch("faults");
  const { evictionEveryMs, resetEveryMs, killEveryMs } = platform.weather;
  const every = (meanMs: number, happen: () => void) => {
    if (meanMs === 0) return;
    platform.agenda.after(Math.ceil(random.spread(0.1, 3) * meanMs), () => {
      if (platform.weather === calm) return;
      if (platform.hosts.size > 0) happen();
      every(meanMs, happen);
    });
  };
  const any = () => random.pick([...platform.hosts.values()]);
  every(evictionEveryMs, () => any().evict());
  every(resetEveryMs, () => any().reset("by itself"));
  every(killEveryMs, () => {
    for (const host of platform.hosts.values()) host.reset("killed");
  });
}
