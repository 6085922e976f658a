// What a trace records: one thing that happened to a client or to a message, in words that a person reads. No passwords, keys or
// tokens; a payload only where the trace was made to have them, and no more than the beginning of it.

/** What happened where. */
export type TraceEventKind =
  /** At the edge. */
  | "connect"
  | "admitted"
  | "refused"
  | "rights"
  | "ping"
  | "closed"
  /** At the session: packets from the client and to it, decisions about them, what is queued for it. */
  | "received"
  | "sent"
  | "queued"
  | "dropped"
  | "denied"
  /** At the shard of the topic. */
  | "routed";

export interface TraceEvent {
  readonly atMs: number;
  readonly at: "edge" | "session" | "shard";
  readonly what: TraceEventKind;
  readonly clientId?: string;
  readonly address?: string;
  readonly user?: string;
  /** Of `received` and `sent`: the packet's name, such as PUBLISH. */
  readonly packet?: string;
  readonly packetId?: number;
  readonly topic?: string;
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
  readonly dup?: boolean;
  readonly payloadBytes?: number;
  readonly payload?: string;
  readonly encoding?: "text" | "base64";
  readonly filters?: readonly string[];
  /** The word for its reason code, or of several. */
  readonly reason?: string;
  /** The access rule that decided; "none" where none did. */
  readonly rule?: string;
  readonly detail?: string;
  /** Sessions that a message was routed to, and the first of them. */
  readonly targets?: number;
  readonly sessions?: readonly string[];
  /** Groups that share a subscription and got it. */
  readonly groups?: readonly string[];
}

/** Characters of one text of an event. */
export const textCharactersMax = 1_024;
/** Bytes of a payload that an event has. */
export const payloadBytesMax = 1_024;
/** Filters, sessions or groups that an event names. */
export const namedMax = 10;

export function shorten(text: string): string {
  return text.length <= textCharactersMax ? text : `${text.slice(0, textCharactersMax - 1)}…`;
}
