// `/healthz`: whether each part answers. Anybody may ask, so an answer is kept for a while: however often it is asked, each copy
// of the Worker asks each part so often and no more, and waits for none of them long.

import { before } from "./before.ts";
import { configOf } from "./config.ts";
import { counters } from "./counters.ts";
import { Control } from "./d1/control.ts";
import type { Env } from "./env.ts";
import { directoryPartStub, sessionStub, shardStub } from "./stubs.ts";

const answerKeptMs = 10_000;
const deadlineMs = 2_000;
/** No client id makes this name; its object stays without a session. */
const probedSession = "health";

interface Check {
  readonly ok: boolean;
  readonly tookMs: number;
}

export interface HealthAnswer {
  readonly status: "ok" | "failing";
  readonly atMs: number;
  readonly checks: Readonly<Record<"edge" | "session" | "shard" | "directory" | "control", Check>>;
}

export class Health {
  #known: HealthAnswer | undefined;

  async of(env: Env, nowMs: number): Promise<HealthAnswer> {
    if (this.#known !== undefined && nowMs - this.#known.atMs < answerKeptMs) return this.#known;
    // One shard after the other has its turn, and one part of the list of sessions.
    const { topicShards, directoryShards } = configOf(env);
    const turn = Math.floor(nowMs / answerKeptMs);
    const [shard, part] = [turn % topicShards, turn % directoryShards];
    const [session, topicShard, directory, control] = await Promise.all([
      check("session", () => counted(sessionStub(env, probedSession).probe())),
      check(`shard-${shard}`, () => counted(shardStub(env, shard).probe())),
      check(`directory-${part}`, () => counted(directoryPartStub(env, part).probe())),
      check("control", () => new Control(env.CONTROL).first("SELECT number FROM revision")),
    ]);
    // It ran, so the edge does.
    const checks = { edge: { ok: true, tookMs: 0 }, session, shard: topicShard, directory, control };
    const isOk = Object.values(checks).every(({ ok }) => ok);
    this.#known = { status: isOk ? "ok" : "failing", atMs: nowMs, checks };
    return this.#known;
  }
}

function counted<Answer>(call: Answer): Answer {
  counters.add("object_calls");
  return call;
}

async function check(part: string, ask: () => Promise<unknown>): Promise<Check> {
  const startedMs = Date.now();
  const answer = ask().then(
    () => true,
    (error: unknown) => {
      console.error(JSON.stringify({ event: "not-healthy", part, error: `${error}` }));
      return false;
    },
  );
  const ok = (await before(deadlineMs, answer)) ?? false;
  return { ok, tookMs: Date.now() - startedMs };
}
