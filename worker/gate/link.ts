// One connection's socket to its gate: asks to be let in, says when a proof was wrong, and hears what changes. The gate is its
// user's, where all connections of a user meet, or that of its client id for nobody in particular.

import { closeQuietly } from "../close-quietly.ts";
import { counters } from "../counters.ts";
import type { Env } from "../env.ts";
import { decodeHeader, encodeHeader } from "../header.ts";
import {
  type Admission,
  answerHeader,
  type FromGate,
  type GateAnswer,
  type GateHello,
  helloHeader,
  nobody,
  type ToGate,
} from "./calls.ts";
import { gateNameOf, gateOf } from "./gates.ts";

type Visitor = Omit<GateHello, "user" | "admission">;

export interface LinkEvents {
  /** The control database has changed in a way that concerns the connection. */
  changed(revision: number): void;
  /** The socket has gone: what changes is not heard of any more. */
  lost(): void;
}

const answerMsMax = 10_000;

export class GateLink {
  readonly #env: Env;
  readonly #visitor: Visitor;
  readonly #events: LinkEvents;
  /** As whom it is known at which gate. */
  #user: string | undefined;
  #name: string | undefined;
  #socket: WebSocket | undefined;
  #isAdmitted = false;
  #answered: ((answer: FromGate) => void) | undefined;

  constructor(env: Env, visitor: Visitor, events: LinkEvents) {
    this.#env = env;
    this.#visitor = visitor;
    this.#events = events;
  }

  /** Before a proof is looked at; what is not "try" is against it. */
  async open(user: string): Promise<GateAnswer> {
    if (this.#isOpenTo(user, user)) return { type: "try" };
    return this.#dial(user, user, undefined);
  }

  /** The proof was wrong. How long the answer to it is to be put off. */
  async failed(): Promise<number> {
    if (this.#socket === undefined) return 0;
    const answer = await this.#ask({ type: "failed" });
    return answer.type === "noted" ? answer.delayMs : 0;
  }

  async admit(user: string | undefined, clientId: string, admission: Admission): Promise<GateAnswer> {
    const [name, known] = [gateNameOf(user, clientId), user ?? nobody];
    // The name that was proved need not be the one that was tried.
    if (!this.#isOpenTo(name, known)) return this.#dial(name, known, admission);
    const answer = await this.#ask({ type: "admit", admission });
    if (answer.type === "admitted") this.#isAdmitted = true;
    return answer as GateAnswer;
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) closeQuietly(socket);
  }

  #isOpenTo(name: string, user: string): boolean {
    return this.#socket !== undefined && this.#name === name && this.#user === user;
  }

  async #dial(name: string, user: string, admission: Admission | undefined): Promise<GateAnswer> {
    this.close();
    counters.add("object_calls");
    const hello: GateHello = { ...this.#visitor, user, ...(admission === undefined ? {} : { admission }) };
    const response = await gateOf(this.#env, name).fetch("https://gate/", {
      headers: { Upgrade: "websocket", [helloHeader]: encodeHeader(hello) },
    });
    const answer = decodeHeader<GateAnswer>(response.headers.get(answerHeader) ?? "");
    const socket = response.webSocket;
    if (socket === null) return answer;
    socket.accept({ allowHalfOpen: true });
    this.#name = name;
    this.#user = user;
    this.#socket = socket;
    this.#isAdmitted = answer.type === "admitted";
    socket.addEventListener("message", ({ data }) => this.#take(JSON.parse(data as string) as FromGate));
    for (const event of ["close", "error"] as const) socket.addEventListener(event, () => this.#ended(socket));
    return answer;
  }

  #take(said: FromGate): void {
    if (said.type === "changed") return this.#events.changed(said.revision);
    this.#answered?.(said);
    this.#answered = undefined;
  }

  #ask(message: ToGate): Promise<FromGate> {
    const { promise, resolve, reject } = Promise.withResolvers<FromGate>();
    const timer = setTimeout(() => reject(new Error("the gate does not answer")), answerMsMax);
    this.#answered = (answer) => {
      clearTimeout(timer);
      resolve(answer);
    };
    this.#socket?.send(JSON.stringify(message));
    return promise;
  }

  #ended(socket: WebSocket): void {
    closeQuietly(socket);
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    if (this.#isAdmitted) this.#events.lost();
  }
}
