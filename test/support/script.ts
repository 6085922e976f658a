// Conversations with a session as data: each line is what happens, followed by all that the session does about it.
//
//   connect [clean] [v3|v4] [expiry=<s>|expiry=never] [receive=<n>] [packet=<bytes>]
//           [will=<topic>:<payload>] [will-q1|will-q2] [will-retain] [delay=<s>] [will-expiry=<s>]
//   publish <topic>:<payload> q1 #<id> [dup] [retain] [ill-formed] [expiry=<s>]      puback|pubrec|pubrel|pubcomp #<id> [0x..]
//   subscribe #<id> <filter>,q1[,nl][,rap][,rh1] ... [identifier=<n>]   unsubscribe #<id> <filter> ...
//   disconnect [0x04] [expiry=<s>] · ping · violation         several packets in one frame are joined by " & "
//   late (what is held is to be written)
//   cut · crash (memory and connection are lost) · sleep (memory is lost) · tick · wait <ms>
//   deliver <record>, <record> ... [| from=<publisher> gen=<n> born=<ms> pubgen=<n> owed shard=<n> share=<filter>]
//   answer <topic> [refused=<i>,<i>] [retained=<record>;<record>] [next=<key>] · fail <topic> · answer all

import { expect } from "vitest";
import { nextGeneration } from "../../src/hop/generations.ts";
import type { ProtocolFailure } from "../../src/protocol/failure.ts";
import { type AckType, type ClientPacket, type Connect, EMPTY_BYTES } from "../../src/protocol/packet.ts";
import { ReasonCode } from "../../src/protocol/reason.ts";
import type { Effects } from "../../src/session/effects.ts";
import type { SessionLimits } from "../../src/session/limits.ts";
import type { LaneItem, PublishItem } from "../../src/session/outgoing.ts";
import type { RetainedPage } from "../../src/session/routing.ts";
import { generationOf, type Session } from "../../src/session/state.ts";
import { inSteps } from "../../src/session/step.ts";
import { records, recordTexts, splitMessage, utf8, Words } from "./records.ts";
import { packetText } from "./script-text.ts";
import { SessionRig } from "./session-rig.ts";

/** [what happens, ...what the session does]. */
export type ScriptLine = readonly [command: string, ...outcome: string[]];

export interface ScriptOptions {
  readonly limits?: Partial<SessionLimits>;
  /** Kinds of changes are part of the outcome: "write put-session". */
  readonly writes?: boolean;
}

export function play(lines: readonly ScriptLine[], options: ScriptOptions = {}): SessionRig {
  const player = new Player(options);
  for (const [index, [command, ...outcome]] of lines.entries()) {
    expect(player.run(command), `line ${index + 1}: ${command}`).toEqual(outcome);
  }
  return player.rig;
}

class Player {
  readonly rig: SessionRig;
  #shown: string[] = [];

  constructor({ limits = {}, writes = false }: ScriptOptions) {
    this.rig = new SessionRig(limits, {
      sent: (packet) => this.#shown.push(packetText(packet)),
      routed: ({ item }) => this.#ask(askText(item)),
      closed: () => this.#shown.push("close"),
      effects: (effects) => this.#effects(effects, writes),
    });
  }

  run(command: string): string[] {
    this.#shown = [];
    const words = new Words(command);
    const rest = command.slice(words.first.length).trim();
    const { rig } = this;
    switch (words.first) {
      case "connect":
        rig.connect(connectPacket(words));
        break;
      case "late":
        for (const hold of [...rig.held]) rig.step({ type: "late", hold });
        break;
      case "cut":
        rig.step({ type: "closed" });
        break;
      case "crash":
        rig.crash();
        break;
      case "sleep":
        rig.sleep();
        break;
      case "tick":
        rig.tick();
        break;
      case "wait":
        rig.nowMs += Number(rest);
        break;
      case "deliver":
        this.#deliver(rest);
        break;
      case "answer":
        this.#answer(words);
        break;
      case "fail":
        rig.fail(rig.shardOf(rest));
        break;
      default:
        for (const packets of inSteps(command.split(" & ").map(clientPacket))) rig.step({ type: "packets", packets });
    }
    return this.#shown;
  }

  /** A request that goes to several shards is shown once, with their number. */
  #ask(text: string): void {
    const last = this.#shown.at(-1) ?? "";
    const count = /^(.*) ×(\d+)$/.exec(last);
    if (last === text) this.#shown[this.#shown.length - 1] = `${text} ×2`;
    else if (count?.[1] === text) this.#shown[this.#shown.length - 1] = `${text} ×${Number(count[2]) + 1}`;
    else this.#shown.push(text);
  }

  #effects(effects: Effects, writes: boolean): void {
    if (writes) for (const { kind } of effects.persist) this.#shown.push(`write ${kind}`);
    if (effects.held !== undefined) this.#shown.push("held");
    for (const { isWritten } of effects.settled) this.#shown.push(isWritten ? "settled, written" : "settled");
    for (const { event, reason, count } of effects.reports) {
      this.#shown.push(`${event} ${reason}${count === 1 ? "" : ` ${count}`}`);
    }
  }

  #deliver(text: string): void {
    const [batch = "", terms = ""] = text.split("|");
    const words = new Words(terms);
    const { rig } = this;
    const share = words.value("share");
    const publisher = share ?? words.value("from") ?? "p1";
    const part = {
      publisher: publisher === "retained" ? "" : publisher,
      publisherGeneration: words.number("pubgen", 1),
      generation: words.number("gen", generationFrom(words.number("born", 0), rig.session)),
      body: records(...batch.split(",").map((record) => record.trim())),
      owed: words.has("owed"),
      ...(share === undefined ? {} : { share }),
    };
    const answer = rig.deliver(words.number("shard", 0), [part]);
    if (answer.busy) this.#shown.push("busy");
    for (const { gone, refused, share } of answer.parts) {
      if (gone) this.#shown.push("gone");
      if (share !== undefined) this.#shown.push(`took ${share.taken} ${share.isAway ? "away" : `room ${share.room}`}`);
      if (refused.length > 0) this.#shown.push(`refused ${refused.join()}`);
    }
  }

  #answer(words: Words): void {
    const { rig } = this;
    if (words.words[1] === "all") {
      while (!rig.isIdle) for (const [shard, lane] of rig.lanes) if (lane.flight !== undefined) rig.answer(shard);
      return;
    }
    const shard = rig.shardOf(words.words[1] ?? "");
    const refused = words.value("refused")?.split(",").map(Number) ?? [];
    const retained = words.value("retained");
    const pages = retained === undefined ? [] : [this.#page(shard, retained.split(";"), words.value("next"))];
    rig.answer(shard, refused, pages);
  }

  #page(shard: number, texts: readonly string[], after: string | undefined): RetainedPage {
    const [item] = this.rig.inFlight(shard);
    const entry = item?.kind === "subscribe" ? item.entries[0] : item?.kind === "replay" ? item.entry : undefined;
    if (entry === undefined) throw new Error("nobody asked for retained messages");
    return { entry, body: records(...texts.map((text) => `${text.replaceAll("_", " ")} retain`)), after };
  }
}

function askText(item: LaneItem): string {
  switch (item.kind) {
    case "publish":
      return `ask ${publishWord(item)} ${recordTexts(item.body).join(", ")}`;
    case "subscribe": {
      const entries = item.entries.map(
        ({ filter, qos, sendRetained }) => `${filter} q${qos}${sendRetained ? " +retained" : ""}`,
      );
      return `ask subscribe ${entries.join(", ")}`;
    }
    case "attend":
      return `ask attend ${item.room}`;
    case "hand-back":
      return `ask hand-back ${item.handBack.share} ${recordTexts(item.handBack.body).join(", ")}`;
    case "unsubscribe":
      return `ask unsubscribe ${item.filters.join(", ")}`;
    case "replay":
      return `ask replay ${item.entry.filter} after ${item.replay.after}`;
  }
}

function connectPacket(words: Words): Connect {
  const version = words.has("v3") ? 3 : words.has("v4") ? 4 : 5;
  const cleanStart = words.has("clean");
  const given = words.value("expiry");
  const expiry = given === "never" ? 0xffff_ffff : Number(given ?? 0);
  const willText = words.value("will");
  return {
    type: "connect",
    version,
    clientId: "c1",
    cleanStart,
    keepAliveSeconds: 60,
    sessionExpirySeconds: version === 5 ? expiry : cleanStart ? 0 : 0xffff_ffff,
    receiveMaximum: words.number("receive", 65_535),
    maximumPacketBytes: words.number("packet", 0x0fff_ffff + 5),
    topicAliasMaximum: 0,
    requestResponseInformation: false,
    requestProblemInformation: true,
    userProperties: [],
    ...(willText === undefined ? {} : { will: willOf(willText, words) }),
  };
}

function willOf(text: string, words: Words): NonNullable<Connect["will"]> {
  const { topic, payload } = splitMessage(text);
  const expiry = words.value("will-expiry");
  return {
    topic,
    topicBytes: utf8(topic),
    payload,
    qos: words.has("will-q2") ? 2 : words.has("will-q1") ? 1 : 0,
    retain: words.has("will-retain"),
    delaySeconds: words.number("delay", 0),
    ...(expiry === undefined ? {} : { messageExpirySeconds: Number(expiry) }),
    properties: EMPTY_BYTES,
  };
}

function reasonOf(words: Words): ReasonCode {
  return Number(words.words.find((word) => word.startsWith("0x")) ?? 0) as ReasonCode;
}

function clientPacket(text: string): ClientPacket | ProtocolFailure {
  const words = new Words(text);
  const { packetId } = words;
  switch (words.first) {
    case "publish": {
      const { topic, payload } = splitMessage(words.words[1] ?? "");
      const expiry = words.value("expiry");
      return {
        type: "publish",
        qos: words.qos,
        retain: words.has("retain"),
        dup: words.has("dup"),
        packetId,
        topic,
        topicBytes: utf8(topic),
        topicAlias: 0,
        ...(expiry === undefined ? {} : { messageExpirySeconds: Number(expiry) }),
        properties: EMPTY_BYTES,
        payload,
        payloadIsIllFormed: words.has("ill-formed"),
      };
    }
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
      return { type: words.first as AckType, packetId, reason: reasonOf(words) };
    case "subscribe": {
      const identifier = words.value("identifier");
      const subscriptions = words.words.slice(2).filter((word) => !word.startsWith("identifier="));
      return {
        type: "subscribe",
        packetId,
        ...(identifier === undefined ? {} : { identifier: Number(identifier) }),
        subscriptions: subscriptions.map((word) => {
          const [filter = "", ...options] = word.split(",");
          const retainHandling = options.includes("rh1") ? 1 : options.includes("rh2") ? 2 : 0;
          const { qos } = new Words(options.join(" "));
          const noLocal = options.includes("nl");
          return { filter, qos, noLocal, retainAsPublished: options.includes("rap"), retainHandling };
        }),
      };
    }
    case "unsubscribe":
      return { type: "unsubscribe", packetId, filters: words.words.slice(2) };
    case "disconnect": {
      const expiry = words.value("expiry");
      const extra = expiry === undefined ? {} : { sessionExpirySeconds: Number(expiry) };
      return { type: "disconnect", reason: reasonOf(words), ...extra };
    }
    case "ping":
      return { type: "pingreq" };
    case "violation":
      return { type: "failure", reason: ReasonCode.malformedPacket, rule: "script", detail: "bytes" };
    default:
      throw new Error(`no such command: ${text}`);
  }
}

/** Messages that are numbered in a stream of their own: publish/1. */
function publishWord({ will, stream = 0 }: PublishItem): string {
  if (will !== undefined) return "will";
  return stream === 0 ? "publish" : `publish/${stream}`;
}

/** Of the session that this life of the object began at that time; 0: of the one that there is. */
function generationFrom(bornMs: number, session: Session): number {
  return bornMs === 0 ? (generationOf(session) ?? 0) : nextGeneration(bornMs, session.life, 0);
}
