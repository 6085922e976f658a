// Keeps the rights of clients that have no edge, as the doorman does for others: their gate has a row of the connection, and
// calls when something changes that they rest on. Then it is decided anew here.

import { fail, type ProtocolFailure } from "../../src/protocol/failure.ts";
import { ReasonCode } from "../../src/protocol/reason.ts";
import type { ClientRights } from "../../src/session/identity.ts";
import { accessBook } from "../auth/book.ts";
import { decide, toTell } from "../auth/standing.ts";
import { configOf } from "../config.ts";
import { counters } from "../counters.ts";
import type { Env } from "../env.ts";
import type { EnlistAnswer } from "../gate/calls.ts";
import { gateNameOf, gateOf } from "../gate/gates.ts";
import { withRetries } from "../retry.ts";
import type { DirectClient } from "./direct.ts";

/** How often a decision is made anew because something changed meanwhile. */
const attemptsMax = 5;

export interface Watched {
  readonly socket: WebSocket;
  readonly client: DirectClient;
}

export interface WatchEvents {
  rights(watched: Watched, rights: ClientRights): void;
  /** It may not stay. */
  end(watched: Watched, failure: ProtocolFailure): void;
}

export class Watch {
  readonly #env: Env;
  readonly #events: WatchEvents;
  /** One decision after the other: a slow one must not bring back what was before. */
  #deciding: Promise<void> = Promise.resolve();
  readonly #struck = new WeakSet<WebSocket>();
  readonly #striking = new Set<Promise<void>>();

  constructor(env: Env, events: WatchEvents) {
    this.#env = env;
    this.#events = events;
  }

  /** The client has its socket. When this returns, every change is told, and none has been missed. Fails without its gate. */
  async begin(watched: Watched, revision: number, subjects: readonly string[]): Promise<void> {
    const answer = await this.#enlist(watched.client, revision, subjects);
    if (answer.type === "stale") await this.decide(watched, answer.revision);
  }

  /** Something has changed, or may have. When this returns, the client has what it is left with. */
  decide(watched: Watched, revision: number): Promise<void> {
    const decided = this.#deciding.then(() => this.#decide(watched, revision));
    this.#deciding = decided.catch(() => {});
    return decided;
  }

  /** The connection is over, which its gate is told without anybody waiting. */
  strike({ socket, client }: Watched): void {
    const { basis, hello } = client.state;
    if (basis === undefined || this.#struck.has(socket)) return;
    this.#struck.add(socket);
    counters.add("object_calls");
    const striking = this.#gate(client)
      .strike(basis.pass)
      .then(
        () => {},
        (error: unknown) => {
          // The gate finds out when it has something to tell.
          console.warn(JSON.stringify({ event: "gate-unreachable", who: hello.clientId, error: `${error}` }));
        },
      )
      .finally(() => this.#striking.delete(striking));
    this.#striking.add(striking);
  }

  /** When nothing is on its way any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#striking);
  }

  async #decide(watched: Watched, changedAt: number): Promise<void> {
    const { socket, client } = watched;
    const { basis, hello } = client.state;
    if (basis === undefined) return;
    const book = accessBook(this.#env);
    const standing = { who: basis.who, clientId: hello.clientId, address: hello.address ?? "" };
    let revision = changedAt;
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      book.outdate(revision, basis.who.user);
      const decision = await decide(standing, book, configOf(this.#env));
      if (socket.readyState !== WebSocket.READY_STATE_OPEN) return;
      if (decision.type === "failure") return this.#events.end(watched, decision);
      this.#events.rights(watched, toTell(decision.rights));
      // Groups may be others now: the gate has to know which changes concern it.
      const answer = await this.#enlist(client, decision.revision, decision.subjects);
      if (answer.type === "admitted") return;
      revision = answer.revision;
    }
    this.#events.end(
      watched,
      fail(ReasonCode.serverBusy, "access-changes", "its rights change faster than it is told"),
    );
  }

  async #enlist(client: DirectClient, revision: number, subjects: readonly string[]): Promise<EnlistAnswer> {
    const { basis, hello } = client.state;
    if (basis === undefined) return { type: "admitted" };
    const { pass } = basis;
    return withRetries(async () => this.#gate(client).enlist({ pass, clientId: hello.clientId, revision, subjects }));
  }

  #gate({ state: { basis, hello } }: DirectClient): ReturnType<typeof gateOf> {
    return gateOf(this.#env, gateNameOf(basis?.who.user, hello.clientId));
  }
}
