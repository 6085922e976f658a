// The broker is killed several times under two groups whose workers come and go. Every acknowledged message is handled: at
// QoS 2 once, by workers whose sessions last; at QoS 1 also where sessions end with their connections. The seed can be
// chosen with KILL_SEED, to repeat a run that failed.

import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { Consumer } from "../../bench/kill/consumer.ts";
import { seededRandom } from "../../bench/kill/random.ts";
import { isOurs } from "../support/broker.ts";
import { eventually } from "../support/eventually.ts";
import { StreamsUnderKills } from "../support/streams-under-kills.ts";
import { useBroker } from "../support/use-broker.ts";

const broker = useBroker();
const seed = Number(process.env["KILL_SEED"] ?? Math.floor(Math.random() * 1e9));
const kills = Number(process.env["KILLS"] ?? 3);
const messages = 400;
const waitMs = 30_000;
const name = `shared-kill/${randomBytes(4).toString("hex")}`;

class Group {
  /** How often each payload was. */
  readonly handled = new Map<string, number>();
  readonly workers: readonly Consumer[];
  readonly #lasts: readonly boolean[];

  /** `lasts` says of each worker whether its session outlives its connection. */
  constructor(topic: string, lasts: readonly boolean[]) {
    const onMessage = ({ payload }: { readonly payload: string }) => {
      this.handled.set(payload, (this.handled.get(payload) ?? 0) + 1);
    };
    this.#lasts = lasts;
    this.workers = lasts.map((keepsSession, index) => {
      const clientId = `${topic}-${index}`;
      const filters = [`$share/group/${topic}`];
      return new Consumer({ url: broker().url, version: 5, clientId, keepsSession, filters, onMessage });
    });
  }

  /** All are there but one. */
  attend(absent: number): void {
    for (const [index, worker] of this.workers.entries()) {
      if (index === absent % this.workers.length) worker.stop();
      else worker.start();
    }
  }

  get sessionsForgotten(): number {
    return this.workers.reduce((sum, worker, index) => sum + (this.#lasts[index] ? worker.sessionsForgotten : 0), 0);
  }
}

test.runIf(isOurs)(`${kills} kills with seed ${seed}: the workers handle everything`, async () => {
  const random = seededRandom(seed);
  const atLeastOnce = new Group(`${name}/1`, [true, false, false]);
  const exactlyOnce = new Group(`${name}/2`, [true, true, true]);
  const groups = [atLeastOnce, exactlyOnce];
  const workers = groups.flatMap((group) => group.workers);
  const streams = new StreamsUnderKills(broker(), { name, messages, random, waitMs, streamOf: () => "m" });
  try {
    for (const worker of workers) worker.start();
    await eventually("all have subscribed", () => workers.every(({ isSubscribed }) => isSubscribed), waitMs);
    await streams.publish(kills, (part) => {
      for (const [index, group] of groups.entries()) group.attend(part + index);
    });
    for (const worker of workers) worker.start();
    await eventually("all is handled", () => groups.every(({ handled }) => handled.size === messages), waitMs);
    expect([...exactlyOnce.handled].filter(([, times]) => times > 1)).toEqual([]);
    expect(groups.map(({ sessionsForgotten }) => sessionsForgotten)).toEqual([0, 0]);
  } finally {
    streams.stop();
    for (const worker of workers) worker.stop();
  }
});
