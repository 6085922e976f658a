// The clients of a session object that have no edge between: their sockets, from the hand-over on, and through hibernation.

import { fail, type ProtocolFailure } from "../../src/protocol/failure.ts";
import type { Connect } from "../../src/protocol/packet.ts";
import { ReasonCode } from "../../src/protocol/reason.ts";
import { reasonText } from "../../src/protocol/reason-text.ts";
import type { ClientRights } from "../../src/session/identity.ts";
import type { Alarm } from "../alarm.ts";
import { farewell } from "../auth/standing.ts";
import { closeQuietly } from "../close-quietly.ts";
import { configOf } from "../config.ts";
import { counters, report } from "../counters.ts";
import { type DirectHello, directHeader } from "../direct-hello.ts";
import type { Env } from "../env.ts";
import type { Witness } from "../gate/witness.ts";
import { decodeHeader } from "../header.ts";
import type { Hello } from "../hello.ts";
import { DirectClient, type DirectState, newDirectState } from "./direct.ts";
import { readAttachment, writeAttachment } from "./socket.ts";
import { Watch, type Watched } from "./watch.ts";

export interface DirectsEvents {
  begin(socket: WebSocket, connect: Connect, hello: Hello): void;
  /** Whole packets of the connected client, and the mistake behind them if there is one. */
  packets(socket: WebSocket, frames: readonly Uint8Array[], failure: ProtocolFailure | undefined): void;
  broken(socket: WebSocket): void;
  /** Whether it has been sent CONNACK. */
  isAnswered(): boolean;
  /** The rights of the connected client are others, perhaps. */
  rights(socket: WebSocket, rights: ClientRights): void;
  /** The connected client may not stay. */
  expelled(socket: WebSocket, failure: ProtocolFailure): void;
}

export class Directs {
  readonly #env: Env;
  readonly #alarm: Alarm;
  readonly #witness: Witness;
  readonly #events: DirectsEvents;
  readonly #known = new WeakMap<WebSocket, DirectClient>();
  readonly #watch: Watch;

  constructor(env: Env, alarm: Alarm, witness: Witness, events: DirectsEvents) {
    this.#env = env;
    this.#witness = witness;
    this.#alarm = alarm;
    this.#events = events;
    this.#watch = new Watch(env, {
      rights: ({ socket, client }, rights) => {
        if (client.isConnected) return events.rights(socket, rights);
        client.changeRights(rights);
        if (this.carry(socket, client)) return;
        client.refuse(fail(ReasonCode.quotaExceeded, "rules-too-large", "its rules are too many for this way"));
      },
      end: ({ socket, client }, failure) => {
        if (client.isConnected) events.expelled(socket, { ...failure, reason: farewell(failure.reason) });
        else client.refuse(failure);
      },
    });
  }

  /** Takes the socket that the Worker hands over, and answers with its other end. Fails without the client's gate. */
  async accept(context: DurableObjectState, request: Request): Promise<Response> {
    const hello = decodeHeader<DirectHello>(request.headers.get(directHeader) ?? "");
    const direct = newDirectState(hello, configOf(this.#env), this.#alarm.nowMs);
    const { 0: far, 1: own } = new WebSocketPair();
    context.acceptWebSocket(own);
    if (!carryAlone(own, direct)) throw new RangeError("what a client may do does not fit its socket");
    this.#alarm.wakeAt(direct.connectByMs);
    const watched = this.#watched(own);
    if (watched !== undefined && hello.basis !== undefined) {
      const { revision, subjects } = hello.basis;
      await this.#watch.begin(watched, revision, subjects).catch(async (error: unknown) => {
        this.left(own);
        closeQuietly(own);
        // Nobody gets the other end, which has to take the close for the socket to be gone.
        far.accept();
        await this.settled();
        throw error;
      });
    }
    const subprotocol = request.headers.get("Sec-WebSocket-Protocol");
    const headers: HeadersInit = subprotocol === null ? {} : { "Sec-WebSocket-Protocol": subprotocol };
    return new Response(null, { status: 101, webSocket: far, headers });
  }

  /** Undefined for the socket of an edge. */
  of(socket: WebSocket): DirectClient | undefined {
    const known = this.#known.get(socket);
    if (known !== undefined) return known;
    const { direct } = readAttachment(socket);
    if (direct === undefined) return undefined;
    const client = this.#client(socket, direct);
    this.#known.set(socket, client);
    return client;
  }

  /** Its gate says that something has changed. False: there is no such connection here any more. */
  async changed(sockets: readonly WebSocket[], pass: string, revision: number): Promise<boolean> {
    const watched = this.find(sockets, pass);
    if (watched === undefined) return false;
    await this.#watch.decide(watched, revision);
    return true;
  }

  /** The connection of this name, if it is there. */
  find(sockets: readonly WebSocket[], pass: string): Watched | undefined {
    for (const socket of sockets) {
      const watched = this.#watched(socket);
      if (watched?.client.state.basis?.pass !== pass || socket.readyState !== WebSocket.READY_STATE_OPEN) continue;
      return watched;
    }
    return undefined;
  }

  /** What its gate could not tell. */
  async look(socket: WebSocket): Promise<void> {
    const watched = this.#watched(socket);
    if (watched === undefined || !watched.client.takesLook(this.#alarm.nowMs)) return;
    await this.#watch.decide(watched, 0).catch((error: unknown) => {
      // What is known goes on to hold.
      console.warn(
        JSON.stringify({ event: "access-unknown", who: watched.client.state.hello.clientId, error: `${error}` }),
      );
    });
  }

  /** The socket has ended, or its connection has. */
  left(socket: WebSocket): void {
    const watched = this.#watched(socket);
    if (watched !== undefined) this.#watch.strike(watched);
  }

  /** When nothing is on its way any more. */
  settled(): Promise<void> {
    return this.#watch.settled();
  }

  /** What a client without a connection has to know after hibernation. False if it does not fit. */
  carry(socket: WebSocket, client: DirectClient): boolean {
    const isOurs = socket.readyState === WebSocket.READY_STATE_OPEN && readAttachment(socket).direct !== undefined;
    return !isOurs || carryAlone(socket, client.state);
  }

  /** Clients that have not sent CONNECT in time. */
  turnOverdueAway(sockets: readonly WebSocket[]): void {
    for (const socket of sockets) {
      const client = this.of(socket);
      if (client === undefined || client.isConnected) continue;
      const failure = client.overdue(this.#alarm.nowMs);
      if (failure === undefined) this.#alarm.wakeAt(client.deadlineMs);
      else client.refuse(failure);
    }
  }

  #watched(socket: WebSocket): Watched | undefined {
    const client = this.of(socket);
    return client === undefined ? undefined : { socket, client };
  }

  #client(socket: WebSocket, state: DirectState): DirectClient {
    return new DirectClient(this.#env, state, {
      connect: (connect, hello) => this.#events.begin(socket, connect, hello),
      packets: (frames, failure) => this.#events.packets(socket, frames, failure),
      broken: () => {
        closeQuietly(socket);
        this.#events.broken(socket);
      },
      isAnswered: () => this.#events.isAnswered(),
      send: (bytes) => {
        counters.add("frames_out");
        trySend(socket, bytes);
      },
      turnAway: ({ reason, rule, detail }, connack) => {
        const { clientId, address = "" } = state.hello;
        const refusal = {
          event: "refusal",
          reason: reasonText(reason),
          count: 1,
          detail: `${rule}: ${detail}`,
        } as const;
        report([refusal], clientId);
        this.#witness.note(clientId, address, [refusal]);
        if (connack !== undefined) trySend(socket, connack);
        this.left(socket);
        closeQuietly(socket);
      },
    });
  }
}

function carryAlone(socket: WebSocket, direct: DirectState): boolean {
  return writeAttachment(socket, { epoch: 0, snapshot: undefined, alarmAtMs: 0, direct });
}

/** The client may have gone, and its close event be on its way. */
function trySend(socket: WebSocket, bytes: Uint8Array): void {
  try {
    socket.send(bytes);
  } catch {
    // It will come again.
  }
}
