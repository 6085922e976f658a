// Decides about one client at its CONNECT, and again whenever something changes that the decision rested on:
//
//   1. too many connections from its address, of which this copy of the Worker knows: 0x9F
//   2. a ban of its address or client id: 0x8A
//   3. who it is: src and worker/auth. Before anything that costs, its user's gate says whether it may try: 0x8A
//   4. a ban of its user: 0x8A
//   5. a client id that its user may not have: 0x85
//   6. a will that it may not publish: 0x87
//   7. its gate: too many connections of its user 0x97, too often 0x9F. A change that this copy has not heard of: all of it anew

import { parseVerifier, type ScramVerifier } from "../../src/auth/verifier.ts";
import { fail, type ProtocolFailure } from "../../src/protocol/failure.ts";
import type { Connect } from "../../src/protocol/packet.ts";
import { ReasonCode } from "../../src/protocol/reason.ts";
import type { ClientRights } from "../../src/session/identity.ts";
import { willDenial } from "../../src/session/permission.ts";
import { type SessionTemplate, templateFor } from "../../src/session/template.ts";
import { banClient } from "../auth/ban.ts";
import type { AccessBook } from "../auth/book.ts";
import type { ClientCertificate } from "../auth/certificate.ts";
import type { AuthenticationChain } from "../auth/chain.ts";
import { type Credentials, refused, type Verdict } from "../auth/credentials.ts";
import { anonymous, type Identity, identity } from "../auth/identity.ts";
import type { Policy } from "../auth/known.ts";
import { banAtTheDoor, type Decision, decide, toTell } from "../auth/standing.ts";
import { subjectsOf, userSubject } from "../auth/subjects.ts";
import type { Config } from "../config.ts";
import { counters } from "../counters.ts";
import { ControlUnavailable } from "../d1/control.ts";
import type { Env } from "../env.ts";
import type { Admission, GateAnswer } from "../gate/calls.ts";
import { gateOf } from "../gate/gates.ts";
import { GateLink } from "../gate/link.ts";
import type { Turnstile } from "./turnstile.ts";

/** Rights larger than this fit no row. */
const rightsBytesMax = 512 * 1024;
/** How often a decision is made anew because something changed meanwhile. */
const attemptsMax = 5;

export interface Admitted {
  readonly type: "admitted";
  readonly user: string | undefined;
  /** How it has proved that. */
  readonly method: Identity["method"];
  readonly rights: ClientRights;
  /** What its session has, if that is made now. */
  readonly template: SessionTemplate | undefined;
  /** When the connection has to end. */
  readonly expiresAtMs: number | undefined;
  /** For who holds the connection in place of the doorman. */
  readonly decision: Decision;
}

export type Outcome = Admitted | ProtocolFailure;

export interface DoormanParts {
  readonly env: Env;
  readonly config: Config;
  readonly book: AccessBook;
  readonly chain: AuthenticationChain;
  readonly turnstile: Turnstile;
  readonly address: string;
  readonly certificate: ClientCertificate | undefined;
  /** Called when the rights of the admitted client are others now. */
  readonly onRights: (rights: ClientRights) => void;
  /** Called when it may not stay, nor its will be published. */
  readonly onEnd: (failure: ProtocolFailure) => void;
}

/** The name that enhanced authentication has proved, and what of the control database that rests on. */
export interface Proved {
  readonly user: string;
  readonly basis: string | undefined;
}

/** What a proof by enhanced authentication is checked with. */
export interface Prepared {
  readonly type: "prepared";
  /** Undefined: nobody has this name. */
  readonly verifier: ScramVerifier | undefined;
  readonly basis: string | undefined;
}

export class Doorman {
  readonly #parts: DoormanParts;
  readonly #link: GateLink;
  /** Of its CONNECT no more is kept, for as long as it stays. */
  #clientId: string | undefined;
  #who: Identity = anonymous;
  #rightsText = "";
  #revision = 0;
  #reconsidering: Promise<void> | undefined;
  #isOver = false;

  constructor(parts: DoormanParts) {
    this.#parts = parts;
    const { loginFailuresMax, loginLockoutMs } = parts.config;
    const visitor = { address: parts.address, loginFailuresMax, loginLockoutMs };
    this.#link = new GateLink(parts.env, visitor, {
      changed: (revision) => this.#changed(revision),
      lost: () => void this.#rejoin(),
    });
  }

  /** `connect` has its client id by now. */
  async admit(
    connect: Connect,
    proved?: { readonly user: string; readonly basis: string | undefined },
  ): Promise<Outcome> {
    this.#clientId = connect.clientId;
    try {
      return await this.#admit(connect, proved);
    } catch (error) {
      return unavailable(error);
    }
  }

  /** Before a client is challenged: nothing that stands against it may tell later whether its proof was right. */
  async prepare({ clientId }: Connect, user: string): Promise<Prepared | ProtocolFailure> {
    const { book, config, turnstile, address } = this.#parts;
    if (turnstile.isLockedOut(address, Date.now())) return lockedOut(address);
    try {
      const denied = await this.#mayTry(user);
      if (denied?.type === "refusal") return denied.failure;
      // By an older password the right proof would be wrong.
      const newest = await this.#newer(clientId, user, await book.policy(Date.now()));
      if (newest > 0) book.outdate(newest, user);
      const banned = banAtTheDoor(clientId, address, await book.policy(Date.now()));
      if (banned !== undefined) return banned;
      const listed = config.scramUsers.get(user);
      const isOfList = listed !== undefined || !config.authentication.includes("scram");
      const basis = isOfList ? undefined : (await book.user(user, Date.now()))?.user?.scram;
      const verifier = basis === undefined ? listed : parseVerifier(basis);
      return { type: "prepared", verifier: typeof verifier === "string" ? undefined : verifier, basis };
    } catch (error) {
      return unavailable(error);
    }
  }

  /** A proof was wrong. When this returns, the client may be told. */
  async wrongProof(): Promise<void> {
    this.#parts.turnstile.failed(this.#parts.address, Date.now());
    const delayMs = await this.#link.failed();
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  }

  /** The client is connected: now and then it is seen whether something has changed that nobody told of. */
  async look(): Promise<void> {
    try {
      const policy = await this.#parts.book.policy(Date.now());
      if (policy.revision !== this.#revision) this.#changed(policy.revision);
    } catch {
      // What is known goes on to hold.
    }
  }

  close(): void {
    this.#isOver = true;
    this.#link.close();
  }

  /** A refusal that rests on what is known by now is looked at again if it is not known any more. */
  async #admit(connect: Connect, proved: Proved | undefined): Promise<Outcome> {
    const { book, turnstile, address } = this.#parts;
    const stopped = turnstileFailure(turnstile.refusal(address, Date.now()), address);
    if (stopped !== undefined) return stopped;
    const user = proved?.user ?? connect.username;
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const nowMs = Date.now();
      const policy = await book.policy(nowMs);
      const banned = banAtTheDoor(connect.clientId, address, policy);
      const outcome = banned ?? (await this.#enter(connect, proved));
      if (outcome.type === "admitted") return outcome;
      const isKnowledge = restsOnKnowledge.has(outcome.reason) && !isOfThisMoment.test(outcome.rule);
      const newest = isKnowledge ? await this.#newer(connect.clientId, user, policy) : 0;
      if (newest === 0) {
        await this.#putOff(outcome);
        return outcome;
      }
      book.outdate(newest, user);
    }
    return changesTooFast;
  }

  async #enter(connect: Connect, proved: Proved | undefined): Promise<Outcome> {
    const { book } = this.#parts;
    const verdict = proved === undefined ? await this.#authenticate(connect) : asScram(proved);
    if (verdict.type !== "identity") return verdict.type === "refusal" ? verdict.failure : nobody;
    const who = verdict.identity;
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const decision = await this.#decide(connect.clientId, who);
      if (decision.type === "failure") return decision;
      const answer = await this.#pass(decision);
      if (answer.type === "admitted") {
        const flapping = await this.#flapping(connect);
        if (flapping !== undefined) return flapping;
        if (who.method !== "anonymous") counters.add("authentications");
        return this.#settle(connect, decision);
      }
      if (answer.type !== "stale") return gateFailure(answer);
      book.outdate(answer.revision, who.user);
    }
    return changesTooFast;
  }

  /** A client that comes and goes all the time is kept out for a while. */
  async #flapping({ clientId }: Connect): Promise<ProtocolFailure | undefined> {
    const { env, config, turnstile } = this.#parts;
    if (turnstile.isSteady(clientId, Date.now())) return undefined;
    await banClient(env, clientId, Date.now() + config.flappingBanMs, "it connected too often");
    return fail(ReasonCode.banned, "flapping", `${clientId} connects again and again`);
  }

  /** The revision of a change that concerns the client and is not known here; 0 if there is none, or nobody can say. */
  async #newer(clientId: string, user: string | undefined, policy: Policy): Promise<number> {
    const { env, book, address } = this.#parts;
    const subjects = subjectsOf(user, [], clientId, address);
    try {
      const known = await book.user(user, Date.now());
      counters.add("object_calls");
      const revisions = await gateOf(env, subjects.join(" ")).revisionsOf(subjects);
      const newer = revisions.filter((revision, index) => {
        const isOfUser = user !== undefined && subjects[index] === userSubject(user);
        return revision > ((isOfUser ? known?.revision : undefined) ?? policy.revision);
      });
      return Math.max(0, ...newer);
    } catch {
      return 0;
    }
  }

  async #authenticate(connect: Connect): Promise<Verdict> {
    const { chain, certificate, address } = this.#parts;
    const credentials: Credentials = {
      clientId: connect.clientId,
      username: connect.username,
      password: connect.password,
      certificate,
      address,
      version: connect.version,
    };
    return chain.authenticate(credentials, (user) => this.#mayTry(user), Date.now());
  }

  async #mayTry(user: string): Promise<Verdict | undefined> {
    const answer = await this.#link.open(user);
    return answer.type === "try" ? undefined : refused(gateFailure(answer));
  }

  /** A wrong guess is counted, and answered later each time. */
  async #putOff({ reason }: ProtocolFailure): Promise<void> {
    if (reason === ReasonCode.badUserNameOrPassword) await this.wrongProof();
  }

  #decide(clientId: string, who: Identity): Promise<Decision | ProtocolFailure> {
    const { book, config, address } = this.#parts;
    return decide({ who, clientId, address }, book, config);
  }

  #pass(
    { who, clientId, revision, rights, subjects }: Decision,
    standing: Pick<Admission, "isConnected"> = {},
  ): Promise<GateAnswer> {
    const { config } = this.#parts;
    const { connectionsMax, connectsPerMinute } = rights.userLimits;
    const isSomebody = who.user !== undefined;
    return this.#link.admit(who.user, clientId, {
      revision,
      subjects,
      connectionsMax: isSomebody ? (connectionsMax ?? config.connectionsPerUser) : 0,
      connectsPerMinute: isSomebody ? (connectsPerMinute ?? config.connectsPerMinuteUser) : 0,
      ...standing,
    });
  }

  #settle(connect: Connect, decision: Decision): Outcome {
    const { config } = this.#parts;
    const { who, rights, policy } = decision;
    const told = toTell(rights);
    const text = JSON.stringify(told);
    if (text.length > rightsBytesMax) {
      return fail(
        ReasonCode.quotaExceeded,
        "rules-too-large",
        `the rules of ${who.user} take ${text.length} characters`,
      );
    }
    const denial = willDenial(connect.will, rights.access, config.delayedSecondsMax);
    if (denial !== undefined) return fail(ReasonCode.notAuthorized, "will-denied", denial);
    this.#who = who;
    this.#revision = policy.revision;
    this.#rightsText = text;
    const template = templateFor(policy.templates, connect.clientId, who.user);
    return {
      type: "admitted",
      user: who.user,
      method: who.method,
      rights: told,
      template,
      expiresAtMs: who.expiresAtMs,
      decision,
    };
  }

  #changed(revision: number): void {
    this.#parts.book.outdate(revision, this.#who.user);
    // One after the other: what changes meanwhile is seen by the next.
    this.#reconsidering = (this.#reconsidering ?? Promise.resolve()).then(() => this.#reconsider());
  }

  async #reconsider(): Promise<void> {
    const { onEnd, onRights } = this.#parts;
    const clientId = this.#clientId;
    if (this.#isOver || clientId === undefined) return;
    try {
      const decision = await this.#decide(clientId, this.#who);
      if (decision.type === "failure") return onEnd(decision);
      this.#revision = decision.policy.revision;
      const told = toTell(decision.rights);
      const text = JSON.stringify(told);
      if (text !== this.#rightsText) {
        this.#rightsText = text;
        onRights(told);
      }
      // Groups may be others now: the gate has to know which changes concern it.
      const answer = await this.#pass(decision, { isConnected: true });
      if (answer.type === "stale") this.#changed(answer.revision);
    } catch (error) {
      // Connected clients are not disturbed by a database that is away: the next look sees to it.
      this.#revision = 0;
      console.warn(JSON.stringify({ event: "access-unknown", who: clientId, error: `${error}` }));
    }
  }

  /** The gate's object was reset: a new socket, and whatever was missed meanwhile. */
  async #rejoin(): Promise<void> {
    if (this.#isOver) return;
    this.#revision = 0;
    await this.look();
  }
}

/** Reasons of refusals that another state of the control database might not have led to. */
const restsOnKnowledge = new Set<ReasonCode>([
  ReasonCode.banned,
  ReasonCode.badUserNameOrPassword,
  ReasonCode.notAuthorized,
]);

/** Rules of refusals that the control database has no part in. */
const isOfThisMoment = /^(locked-out|flapping)/;

const changesTooFast = fail(
  ReasonCode.serverBusy,
  "access-changes",
  "what the client may do changes faster than it can be told",
);

const nobody = fail(ReasonCode.notAuthorized, "unknown-user", "no authenticator knows these credentials");

function asScram({ user, basis }: Proved): Verdict {
  return { type: "identity", identity: identity("scram", user, { basis }) };
}

function unavailable(error: unknown): ProtocolFailure {
  if (error instanceof ControlUnavailable) {
    return fail(ReasonCode.serverUnavailable, "control-unavailable", error.message);
  }
  return fail(ReasonCode.serverUnavailable, "gate-unreachable", `${error}`);
}

function lockedOut(address: string): ProtocolFailure {
  return fail(ReasonCode.banned, "locked-out-address", `failed logins from ${address}`);
}

function turnstileFailure(stopped: ReturnType<Turnstile["refusal"]>, address: string): ProtocolFailure | undefined {
  switch (stopped) {
    case undefined:
      return undefined;
    case "locked-out":
      return lockedOut(address);
    case "connect-rate":
      return fail(ReasonCode.connectionRateExceeded, "connect-rate-address", `connections from ${address}`);
  }
}

function gateFailure(answer: GateAnswer): ProtocolFailure {
  const why = answer.type === "refused" ? answer.why : answer.type;
  switch (why) {
    case "locked-out":
      return fail(ReasonCode.banned, "locked-out", "too many failed logins");
    case "connect-rate":
      return fail(ReasonCode.connectionRateExceeded, "connect-rate-user", "the user connects too often");
    case "connections":
      return fail(ReasonCode.quotaExceeded, "connections-user", "the user has as many connections as it may have");
    default:
      return fail(ReasonCode.serverUnavailable, "gate-unreachable", `the gate answers ${why}`);
  }
}
