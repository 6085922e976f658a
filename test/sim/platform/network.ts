// Calls between objects. Each takes its time, may get lost on the way there or back, may run twice, may run after its
// caller has given it up. Two calls keep no order, not even from one object to another: that is the platform's promise
// for calls on different stubs. A stub on which a call failed is broken for good, unless its object was overloaded.

import { RecordReader } from "../../../src/queue/record.ts";
import type { Random } from "../random.ts";
import { copyOf } from "./copy.ts";
import type { ObjectHost } from "./host.ts";
import type { Life, Outcome } from "./life.ts";
import type { Platform } from "./platform.ts";

const quickMsMax = 5;
/** The longest time after which a caller learns that a call got lost. */
const lostMsMax = 3_000;

/** What the platform throws at a caller. */
export class CallFailed extends Error {
  readonly overloaded: boolean;

  constructor(message: string, overloaded = false) {
    super(message);
    this.overloaded = overloaded;
  }
}

/** What becomes of a stub. */
interface Way {
  broken?: CallFailed;
}

interface Call {
  readonly way: Way;
  readonly caller: Life;
  readonly target: ObjectHost;
  readonly method: string;
  readonly argumentList: readonly unknown[];
  readonly settle: (outcome: Outcome) => void;
}

export class Network {
  readonly #platform: Platform;
  readonly #random: Random;
  /** Of each caller: calls that wait until fewer are under way. */
  readonly #waiting = new WeakMap<Life, Call[]>();
  readonly #underway = new WeakMap<Life, number>();

  constructor(platform: Platform) {
    this.#platform = platform;
    this.#random = platform.random.branch("network");
  }

  /** What an object holds of another: any method of it can be called. */
  stub(target: ObjectHost): object {
    const way: Way = {};
    return new Proxy(
      {},
      {
        get:
          (_, method) =>
          (...list: unknown[]) =>
            this.#call(way, target, String(method), list),
      },
    );
  }

  delayMs(): number {
    const { slow, slowMsMax } = this.#platform.weather;
    const isSlow = this.#random.chance(slow);
    return this.#random.between(0, isSlow ? Math.floor(slowMsMax) : quickMsMax);
  }

  #call(way: Way, target: ObjectHost, method: string, list: readonly unknown[]): Promise<unknown> {
    const caller = this.#platform.current;
    if (caller === undefined) throw new Error(`${method} of ${target.name} is called by nobody`);
    caller.assertAlive();
    const argumentList = copyOf(list);
    caller.calls++;
    return new Promise((resolve, reject) => {
      const settle = (outcome: Outcome) => {
        caller.calls--;
        if (!("error" in outcome)) return resolve(outcome.value);
        const { error } = outcome;
        if (error instanceof CallFailed && !error.overloaded) way.broken = error;
        reject(error);
      };
      caller.emit(undefined, () => this.#admit({ way, caller, target, method, argumentList, settle }));
    });
  }

  /** Few calls of one object are under way at once; the others wait in line. */
  #admit(call: Call): void {
    const underway = this.#underway.get(call.caller) ?? 0;
    if (underway >= this.#platform.weather.callsAtOnce) {
      const waiting = this.#waiting.get(call.caller) ?? [];
      waiting.push(call);
      this.#waiting.set(call.caller, waiting);
      return;
    }
    this.#underway.set(call.caller, underway + 1);
    this.#transmit(call);
  }

  #transmit(call: Call): void {
    const { weather, agenda } = this.#platform;
    const random = this.#random;
    const { caller, target, method } = call;
    const fate = this.#fate();
    this.#platform.note("call", `${caller.host.name} → ${target.name}`, () => `${method} ${brief(call)}, ${fate}`);
    // The first answer counts; the caller does not hear the others.
    let isSettled = false;
    const answer = (outcome: Outcome, delayMs = this.delayMs()) => {
      agenda.after(delayMs, () => {
        if (isSettled) return;
        isSettled = true;
        this.#answer(call, outcome);
      });
    };
    if (call.way.broken !== undefined) return answer({ error: call.way.broken });
    const lose = () => answer({ error: new CallFailed("the connection was lost") }, random.between(20, lostMsMax));
    if (fate === "overloaded") return answer({ error: new CallFailed("the object is overloaded", true) });
    if (fate === "lost") return lose();
    const lateMs = random.chance(0.3) ? random.between(0, Math.floor(weather.lateMsMax)) : 0;
    // A call that comes late is one that its caller has given up.
    if (fate === "unanswered" && lateMs > 0) lose();
    agenda.after(this.delayMs() + (fate === "unanswered" ? lateMs : 0), () => {
      // What is under way goes down with its sender.
      if (!caller.isAlive && weather.lateMsMax === 0) return;
      this.#arrive(call, fate === "unanswered" ? () => {} : answer);
      if (fate === "unanswered") lose();
      if (fate === "doubled") agenda.after(lateMs, () => this.#arrive(call, answer));
    });
  }

  #fate(): "arrives" | "overloaded" | "lost" | "unanswered" | "doubled" {
    const { weather } = this.#platform;
    const { callOverloaded: overloaded, callLost: lost, callUnanswered: unanswered, callDoubled: doubled } = weather;
    return this.#random.weighted({ overloaded, lost, unanswered, doubled, arrives: 1 });
  }

  #arrive(call: Call, answer: (outcome: Outcome) => void): void {
    const { target, method, argumentList, caller } = call;
    this.#platform.note("runs", target.name, () => `${method} from ${caller.host.name} ${brief(call)}`);
    const list = copyOf(argumentList);
    const broken = () => answer({ error: new CallFailed("the object was reset") });
    const work = (object: unknown) => (object as Record<string, (...list: unknown[]) => unknown>)[method]?.(...list);
    target.handle(work, {
      ended: (outcome) => {
        if ("error" in outcome) this.#platform.surprise(target.name, outcome.error);
        const copied = "error" in outcome ? outcome : { value: copyOf(outcome.value) };
        // The answer leaves when what the call wrote is committed, as all that an object sends.
        target.life?.emit(undefined, () => answer(copied), broken);
      },
      broken,
    });
  }

  #answer(call: Call, outcome: Outcome): void {
    const { caller, settle, target } = call;
    if (!caller.isAlive) return;
    this.#platform.note("answer", `${target.name} → ${caller.host.name}`, () => `${brief(call)}: ${result(outcome)}`);
    this.#underway.set(caller, (this.#underway.get(caller) ?? 1) - 1);
    const next = this.#waiting.get(caller)?.shift();
    if (next !== undefined) this.#admit(next);
    this.#platform.enter(caller, () => settle(outcome));
  }
}

/** What kind of call it is, its key, and the filters or messages it carries. */
function brief({ argumentList }: Call): string {
  const request = (argumentList[0] ?? {}) as Partial<Carrying>;
  const { kind = "", key, generation = "", body, parts = [], entries = [], filters = [] } = request;
  const name = key === undefined ? "" : `${key.incarnation % 1e9}.${key.sequence}`;
  const bodies = body === undefined ? parts.map((part) => part.body) : [body];
  // Of the list of sessions they are a number.
  const subscribed = Array.isArray(entries) ? entries : [];
  const wanted = [...subscribed.map(({ filter, qos }) => `${filter} q${qos}`), ...filters];
  return `${kind} ${name} ${generation} ${wanted.join()}${bodies.map(messagesIn).join(" / ")}`;
}

function result(outcome: Outcome): string {
  return "error" in outcome ? `${outcome.error}` : (JSON.stringify(outcome.value) ?? "nothing").slice(0, 120);
}

interface Carrying {
  readonly kind: string;
  readonly key: { readonly incarnation: number; readonly sequence: number };
  readonly generation: number;
  readonly body: Uint8Array;
  readonly parts: readonly { readonly body: Uint8Array }[];
  readonly entries: readonly { readonly filter: string; readonly qos: number }[];
  readonly filters: readonly string[];
}

function messagesIn(body: Uint8Array): string {
  const reader = new RecordReader(body);
  const messages: string[] = [];
  while (reader.next()) {
    const [id = ""] = new TextDecoder().decode(reader.payload).split(" ");
    messages.push(`"${id}"${reader.sequence > 0 ? `=${reader.sequence}` : ""}`);
  }
  return messages.join();
}
