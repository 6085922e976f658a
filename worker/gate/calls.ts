// What an edge and a gate say to each other. Two versions of the code talk during a deploy: fields are only ever added.

/** What the edge wants to be let in with, after the client has proved who it is. */
export interface Admission {
  /** Of the control database, as the edge knows it. */
  readonly revision: number;
  /** Changes of which concern this connection. */
  readonly subjects: readonly string[];
  /** Of the user; 0: no limit. */
  readonly connectionsMax: number;
  readonly connectsPerMinute: number;
  /** It was let in before, and its socket to the gate was lost: limits of those who come do not concern it. */
  readonly isConnected?: true;
}

/** In place of a user's name, which is never empty. */
export const nobody = "";

/** In the header of the upgrade, as JSON in base64. */
export interface GateHello {
  readonly user: string;
  readonly address: string;
  readonly loginFailuresMax: number;
  readonly loginLockoutMs: number;
  /** Present if the client has proved already who it is. */
  readonly admission?: Admission;
}

export type GateAnswer =
  /** Nothing is against trying: the proof may come. */
  | { readonly type: "try" }
  | { readonly type: "admitted" }
  /** The control database has changed since: read it anew and come again. */
  | { readonly type: "stale"; readonly revision: number }
  | { readonly type: "refused"; readonly why: "locked-out" | "connect-rate" | "connections" };

/** From the edge on the open socket. */
export type ToGate = { readonly type: "failed" } | { readonly type: "admit"; readonly admission: Admission };

/** From the gate on the open socket. */
export type FromGate =
  | GateAnswer
  /** The edge waits so long before it refuses. */
  | { readonly type: "noted"; readonly delayMs: number }
  | { readonly type: "changed"; readonly revision: number };

/** What a session object says of a connection that ends in it, to be told of changes. */
export interface Enlistment {
  /** Names the connection. */
  readonly pass: string;
  readonly clientId: string;
  /** Of the control database, as the connection's rights know it. */
  readonly revision: number;
  readonly subjects: readonly string[];
}

export type EnlistAnswer = Extract<GateAnswer, { readonly type: "admitted" | "stale" }>;

export const helloHeader = "X-Gate-Hello";
export const answerHeader = "X-Gate-Answer";
