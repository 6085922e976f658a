// How many connections each user has at a gate, over both ways in: edges hold a socket, a connection that ends in its session
// object has a row. What is counted are client ids: a connection that takes over an earlier one, or is being handed over to
// its session object, counts once. All of it is in memory, and read anew from sockets and rows when the gate has slept.

import type { DirectEntry } from "../../src/store/gate-store.ts";
import { clientSubjectIn, userSubjectIn } from "../auth/subjects.ts";

/** An edge's socket, or the name of a connection that has a row. */
type Holder = WebSocket | string;

interface Place {
  readonly user: string;
  readonly client: string;
  /** Of a connection that has a row. */
  readonly clientId: string | undefined;
  askedAtMs: number;
}

export interface Unasked {
  readonly pass: string;
  readonly clientId: string;
}

/** A row may outlive its connection by a crash: it is asked after, and not again for so long. */
const askedMs = 10_000;
/** So many are asked after at once. */
const askedMax = 60;

export class Connections {
  readonly #places = new Map<Holder, Place>();
  readonly #users = new Map<string, Map<string, Set<Holder>>>();

  /** Nobody in particular has no limit, and is not counted. */
  keepSocket(socket: WebSocket, subjects: readonly string[]): void {
    this.#keep(socket, subjects, undefined);
  }

  keepDirect({ pass, clientId, subjects }: DirectEntry): void {
    this.#keep(pass, subjects, clientId);
  }

  drop(holder: Holder): void {
    const place = this.#places.get(holder);
    if (place === undefined) return;
    this.#places.delete(holder);
    const clients = this.#users.get(place.user);
    const holders = clients?.get(place.client);
    holders?.delete(holder);
    if (holders?.size === 0) clients?.delete(place.client);
    if (clients?.size === 0) this.#users.delete(place.user);
  }

  /** Whether the user may have another connection: of a client that is connected already it takes that one's place. */
  hasRoom(subjects: readonly string[], connectionsMax: number): boolean {
    const clients = this.#users.get(userSubjectIn(subjects) ?? "");
    return clients === undefined || clients.size < connectionsMax || clients.has(clientSubjectIn(subjects) ?? "");
  }

  /** Connections of the user that may have been ended by a crash: the caller asks after them, and drops those that were. */
  unasked(subjects: readonly string[], nowMs: number): Unasked[] {
    const found: Unasked[] = [];
    for (const holders of this.#users.get(userSubjectIn(subjects) ?? "")?.values() ?? []) {
      for (const holder of holders) {
        const place = this.#places.get(holder) as Place;
        if (typeof holder !== "string" || place.clientId === undefined || nowMs < place.askedAtMs + askedMs) continue;
        place.askedAtMs = nowMs;
        found.push({ pass: holder, clientId: place.clientId });
        if (found.length === askedMax) return found;
      }
    }
    return found;
  }

  #keep(holder: Holder, subjects: readonly string[], clientId: string | undefined): void {
    const [user, client] = [userSubjectIn(subjects), clientSubjectIn(subjects)];
    if (user === undefined || client === undefined || this.#places.has(holder)) return;
    this.#places.set(holder, { user, client, clientId, askedAtMs: 0 });
    const clients = this.#users.get(user) ?? new Map<string, Set<Holder>>();
    this.#users.set(user, clients);
    const holders = clients.get(client) ?? new Set();
    clients.set(client, holders.add(holder));
  }
}
