// A gate: one of a few objects, chosen by the hash of the user's name, or of the client id of nobody in particular, that every
// connection holds a socket to. So it knows how many connections a user has, tells them at once when something changes that
// they rest on, and counts failed logins where all of them meet. It sleeps with its sockets open: being connected costs it no
// row and no call.
//
// A connection that ends in its session object holds no socket but that of its client: its gate has a row of it, and calls.
// Gates also keep why clients were refused, by client id, for who asks.

import { DurableObject } from "cloudflare:workers";
import pMap from "p-map";
import { Bucket } from "../../src/auth/bucket.ts";
import { afterFailure, delayMsAfter, distributedFactor, isLockedOut } from "../../src/auth/lockout.ts";
import type { BrokerEvent } from "../../src/directory/events.ts";
import { type DirectEntry, GateStore } from "../../src/store/gate-store.ts";
import { Sql } from "../../src/store/sql.ts";
import { Alarm } from "../alarm.ts";
import { newcomers, userSubjectIn } from "../auth/subjects.ts";
import { closeQuietly } from "../close-quietly.ts";
import { counters } from "../counters.ts";
import type { Env } from "../env.ts";
import { decodeHeader, encodeHeader } from "../header.ts";
import { sessionName } from "../names.ts";
import { ObjectSql } from "../sql.ts";
import { sessionStub } from "../stubs.ts";
import type { HookNotice } from "../webhook/hooks.ts";
import { EventOutbox } from "../webhook/outbox.ts";
import {
  type Admission,
  answerHeader,
  type EnlistAnswer,
  type Enlistment,
  type FromGate,
  type GateAnswer,
  type GateHello,
  helloHeader,
  nobody,
  type ToGate,
} from "./calls.ts";
import { Connections, type Unasked } from "./connections.ts";
import { denialIn, type RefusalEntry } from "./refusals.ts";

/** What the socket carries: 16 KiB that cost no row. */
interface Pass extends Omit<GateHello, "admission"> {
  /** Present once admitted. */
  readonly subjects?: readonly string[];
}

const usersMax = 10_000;
/** Calls at once. */
const atOnce = 6;
const refusalsShown = 50;

export class GateObject extends DurableObject<Env> {
  readonly #store: GateStore;
  /** Of users, counted when that is first asked for after the object woke. */
  #connections: Connections | undefined;
  /** By user, while session objects are asked after its connections. */
  readonly #asking = new Map<string, Promise<void>>();
  readonly #rates = new Map<string, Bucket>();
  readonly #outbox: EventOutbox;
  readonly #alarm: Alarm;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    counters.add("wakes");
    this.#store = new GateStore(new Sql(new ObjectSql(ctx.storage)));
    this.#alarm = new Alarm(ctx.storage);
    this.#outbox = new EventOutbox(env, ctx.id.name as string, this.#store.events);
  }

  override async fetch(request: Request): Promise<Response> {
    const hello = decodeHeader<GateHello>(request.headers.get(helloHeader) ?? "");
    const { admission, ...pass } = hello;
    const refused = admission?.isConnected === true ? undefined : this.#refusal(hello);
    if (refused !== undefined) return answered(refused);
    if (admission !== undefined) await this.#makeRoom(pass, admission);
    const answer: GateAnswer = admission === undefined ? { type: "try" } : this.#admit(pass, admission);
    if (answer.type === "refused" || answer.type === "stale") return answered(answer);
    const { 0: edge, 1: own } = new WebSocketPair();
    this.ctx.acceptWebSocket(own);
    this.#keep(own, answer.type === "admitted" ? { ...pass, subjects: admission?.subjects ?? [] } : pass);
    return new Response(null, {
      status: 101,
      webSocket: edge,
      headers: { [answerHeader]: encodeHeader(answer) },
    });
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    counters.add("socket_messages");
    if (typeof message !== "string") return;
    const pass = passOf(socket);
    if (pass === undefined) return;
    const said = JSON.parse(message) as ToGate;
    if (said.type === "failed") return this.#say(socket, { type: "noted", delayMs: this.#fail(pass) });
    await this.#makeRoom(pass, said.admission);
    const answer = this.#admit(pass, said.admission);
    if (answer.type === "admitted") this.#keep(socket, { ...pass, subjects: said.admission.subjects });
    this.#say(socket, answer);
  }

  override webSocketClose(socket: WebSocket): void {
    this.#left(socket);
  }

  override webSocketError(socket: WebSocket): void {
    this.#left(socket);
  }

  /** The control database has changed. When this returns, all connections that it concerns have been told; how many. */
  async announce(revision: number, subjects: readonly string[]): Promise<number> {
    this.#store.noteChanges(subjects, revision, Date.now());
    const changed = new Set(subjects);
    let told = 0;
    for (const socket of this.ctx.getWebSockets()) {
      if (!passOf(socket)?.subjects?.some((subject) => changed.has(subject))) continue;
      this.#say(socket, { type: "changed", revision });
      told++;
    }
    return told + (await this.#tellDirects(this.#store.directsOf(subjects), revision));
  }

  /** A connection that ends in its session object, which has its socket by now. */
  enlist({ revision, ...entry }: Enlistment): EnlistAnswer {
    const newest = this.#store.revisionOf(entry.subjects);
    if (newest > revision) return { type: "stale", revision: newest };
    this.#store.putDirect(entry);
    this.#connections?.keepDirect(entry);
    return { type: "admitted" };
  }

  /** It has ended. Nobody waits for that to be known: who is not told of an end is found out at the next change. */
  strike(pass: string): void {
    this.#store.deleteDirect(pass);
    this.#connections?.drop(pass);
  }

  /** The newest change that concerns each of them, as far as it is remembered. */
  revisionsOf(subjects: readonly string[]): number[] {
    return subjects.map((subject) => this.#store.revisionOf([subject]));
  }

  noteRefusals(clientId: string, refusals: readonly RefusalEntry[]): void {
    for (const refusal of refusals) this.#store.addRefusal(clientId, refusal);
    if (!this.#outbox.isWanted) return;
    const denied = refusals.flatMap(({ atMs, ...rest }): BrokerEvent[] => {
      const reason = denialIn(rest);
      if (reason === undefined) return [];
      return [{ type: "rule.denied", atMs, data: { clientId, user: null, ...rest, reason } }];
    });
    this.#outbox.add(denied);
    this.#arm();
  }

  /** Which events a webhook wants. */
  async hook(notice: HookNotice): Promise<void> {
    this.#outbox.putHook(notice);
    this.#arm();
  }

  override alarm(): Promise<void> {
    return this.#alarm.ring(async () => {
      await this.#outbox.flush(this.#alarm.nowMs);
      this.#arm();
    });
  }

  #arm(): void {
    const { dueAtMs } = this.#outbox;
    if (dueAtMs > 0) this.#alarm.wakeAt(dueAtMs);
  }

  refusals(clientId: string): RefusalEntry[] {
    return this.#store.refusals(clientId, refusalsShown) as RefusalEntry[];
  }

  async #tellDirects(entries: readonly DirectEntry[], revision: number): Promise<number> {
    const failures: unknown[] = [];
    const tell = (entry: DirectEntry) =>
      this.#tellDirect(entry, revision).catch((error: unknown) => failures.push(error));
    await pMap(entries, tell, { concurrency: atOnce });
    if (failures.length > 0) throw new Error(`${failures.length} sessions do not answer: ${failures[0]}`);
    return entries.length;
  }

  async #tellDirect({ clientId, pass }: DirectEntry, revision: number): Promise<void> {
    // Whoever announces tries again.
    counters.add("object_calls");
    const isThere = await sessionStub(this.env, sessionName(clientId)).accessChanged(pass, revision);
    if (!isThere) this.strike(pass);
  }

  /** What stands against even trying. */
  #refusal({ user, address }: GateHello): GateAnswer | undefined {
    if (user === nobody) return undefined;
    const nowMs = Date.now();
    const isLocked = [user, pairOf(user, address)].some((subject) => isLockedOut(this.#store.failures(subject), nowMs));
    return isLocked ? { type: "refused", why: "locked-out" } : undefined;
  }

  /** Whoever is admitted has to be kept without a pause: somebody else may be waiting for the same place. */
  #admit(pass: Pass, admission: Admission): GateAnswer {
    const { revision, subjects } = admission;
    const isNew = isNewcomer(pass, admission);
    const newest = this.#store.revisionOf(isNew ? [...subjects, newcomers] : subjects);
    if (newest > revision) return { type: "stale", revision: newest };
    // A connection that is admitted already only says what else concerns it now.
    return isNew ? this.#admitNew(pass, admission) : { type: "admitted" };
  }

  #admitNew({ user, address }: Pass, { subjects, connectionsMax, connectsPerMinute }: Admission): GateAnswer {
    if (!this.#rateOf(user).take(1, { perSecond: connectsPerMinute / 60, burst: connectsPerMinute }, Date.now())) {
      return { type: "refused", why: "connect-rate" };
    }
    if (connectionsMax > 0 && !this.#counted().hasRoom(subjects, connectionsMax)) {
      return { type: "refused", why: "connections" };
    }
    if (user !== nobody) this.#store.clearFailures(pairOf(user, address));
    return { type: "admitted" };
  }

  /** Nobody is refused because of a connection that a crash has ended: those that may have been are asked after. */
  async #makeRoom(pass: Pass, admission: Admission): Promise<void> {
    const { subjects, connectionsMax } = admission;
    if (!isNewcomer(pass, admission) || connectionsMax === 0 || this.#counted().hasRoom(subjects, connectionsMax))
      return;
    const user = userSubjectIn(subjects) ?? "";
    // Who comes meanwhile waits for the same answers.
    const asking = this.#asking.get(user) ?? this.#askAfter(this.#counted().unasked(subjects, Date.now()));
    this.#asking.set(user, asking);
    await asking.finally(() => this.#asking.delete(user));
  }

  async #askAfter(unasked: readonly Unasked[]): Promise<void> {
    const ask = async ({ pass, clientId }: Unasked) => {
      counters.add("object_calls");
      const session = sessionStub(this.env, sessionName(clientId));
      // Of whom nobody can tell stays counted.
      const isThere = await session.hasDirect(pass).catch(() => true);
      if (!isThere) this.strike(pass);
    };
    await pMap(unasked, ask, { concurrency: atOnce });
  }

  /** How long its answer is to be put off. */
  #fail(pass: Pass): number {
    const { user, address } = pass;
    const nowMs = Date.now();
    const [pair, all] = [pairOf(user, address), user];
    const ofPair = afterFailure(this.#store.failures(pair), pass, 1, nowMs);
    const ofAll = afterFailure(this.#store.failures(all), pass, distributedFactor, nowMs);
    this.#store.putFailures(pair, ofPair, nowMs, pass.loginLockoutMs);
    this.#store.putFailures(all, ofAll, nowMs, pass.loginLockoutMs);
    return delayMsAfter(ofPair);
  }

  #counted(): Connections {
    if (this.#connections !== undefined) return this.#connections;
    this.#connections = new Connections();
    for (const socket of this.ctx.getWebSockets()) {
      const subjects = passOf(socket)?.subjects;
      if (subjects === undefined || socket.readyState !== WebSocket.READY_STATE_OPEN) continue;
      this.#connections.keepSocket(socket, subjects);
    }
    for (const entry of this.#store.directs()) this.#connections.keepDirect(entry);
    return this.#connections;
  }

  /** Remembers with the socket, and counts who is admitted now and was not before. */
  #keep(socket: WebSocket, pass: Pass): void {
    // It may have ended while others were asked after.
    if (socket.readyState !== WebSocket.READY_STATE_OPEN) return;
    if (pass.subjects !== undefined) this.#connections?.keepSocket(socket, pass.subjects);
    socket.serializeAttachment(pass);
  }

  #left(socket: WebSocket): void {
    closeQuietly(socket);
    this.#connections?.drop(socket);
  }

  /** In memory: while somebody comes too often the object is awake. */
  #rateOf(user: string): Bucket {
    let bucket = this.#rates.get(user);
    if (bucket === undefined) {
      if (this.#rates.size >= usersMax) this.#rates.clear();
      bucket = new Bucket();
      this.#rates.set(user, bucket);
    }
    return bucket;
  }

  #say(socket: WebSocket, message: FromGate): void {
    try {
      socket.send(JSON.stringify(message));
    } catch {
      // The edge has gone, and its connection with it.
    }
  }
}

function isNewcomer({ subjects }: Pass, { isConnected }: Admission): boolean {
  return subjects === undefined && isConnected !== true;
}

/** A user name has no control characters. */
function pairOf(user: string, address: string): string {
  return `${user}\n${address}`;
}

function passOf(socket: WebSocket): Pass | undefined {
  return (socket.deserializeAttachment() as Pass | null) ?? undefined;
}

function answered(answer: GateAnswer): Response {
  return new Response(null, { status: 403, headers: { [answerHeader]: encodeHeader(answer) } });
}
