// Everything that the clients of a world did and saw, in one order: what the judges go by. It knows no rule of MQTT and
// nothing of the broker.

import type { QoS } from "../../src/protocol/packet.ts";
import type { ProtocolVersion } from "../../src/protocol/version.ts";

/** A moment in the order of all that was noted. */
export type Moment = number;
export const never: Moment = Number.POSITIVE_INFINITY;

export interface Message {
  readonly id: number;
  readonly publisher: string;
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  /** With RETAIN it removes the retained message; it has no payload to be known by. */
  readonly isEmpty: boolean;
  /** It was published to be delayed for so long; 0 if at once. */
  readonly delaySeconds: number;
  /** 0 if it does not expire. */
  readonly expirySeconds: number;
  /** The will of this connection, which published nothing of it itself. */
  readonly isWill: boolean;
  /** On the world's clock, when it was made. */
  readonly sentAtMs: number;
  /** When it left its publisher first; of a will, when its CONNECT did. */
  readonly sentAt: Moment;
  /** PUBACK or PUBREC that says yes. */
  acknowledgedAt: Moment;
  /** The broker said no, or its publisher gave it up. */
  isAbandoned: boolean;
  /** More than one connection brought it. */
  isResent: boolean;
  /** The broker refused it, and its publisher did not hear that: to the broker what then comes again is a new message. */
  wasRefusedUnheard: boolean;
}

/** What becomes of a message is not known when it leaves. */
const asSent = { acknowledgedAt: never, isAbandoned: false, isResent: false, wasRefusedUnheard: false };

export interface Subscription {
  /** As it was asked for. */
  readonly filter: string;
  /** The group that shares it; undefined if nobody does. */
  readonly share: string | undefined;
  /** Without the group. */
  readonly topics: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly wantsRetained: boolean;
  /** 0 for none. */
  readonly identifier: number;
  readonly askedAt: Moment;
  grantedAt: Moment;
  /** An UNSUBSCRIBE, or a SUBSCRIBE that takes its place. */
  removalAskedAt: Moment;
  removedAt: Moment;
}

export interface Receipt {
  /** Undefined if nobody published it. */
  readonly message: Message | undefined;
  readonly topic: string;
  readonly payload: string;
  readonly at: Moment;
  /** On the world's clock, to find it in a trace. */
  readonly atMs: number;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly identifiers: readonly number[];
  readonly dup: boolean;
}

/** One session of a client id, as its client knows it. */
export interface SessionRecord {
  readonly client: string;
  readonly version: ProtocolVersion;
  readonly endsWithConnection: boolean;
  readonly subscriptions: Subscription[];
  readonly receipts: Receipt[];
  /** Its client has found another one in its place, or knows that it has ended. */
  hasEnded: boolean;
}

/** How a connection ended, as far as anybody can tell. */
export type Ending =
  | "open"
  /** DISCONNECT was taken in. */
  | "normal"
  /** DISCONNECT left, and perhaps never arrived. */
  | "unsure"
  | "abnormal";

export interface ConnectionRecord {
  readonly client: string;
  readonly will: Message | undefined;
  readonly willDelaySeconds: number;
  /** CONNACK came. */
  isAccepted: boolean;
  ending: Ending;
  endedAt: Moment;
  /** Its client has connected again. */
  hasSuccessor: boolean;
}

export class Ledger {
  readonly messages: Message[] = [];
  readonly sessions: SessionRecord[] = [];
  readonly connections: ConnectionRecord[] = [];
  /** What a client found wrong at once. */
  readonly complaints: string[] = [];
  #moment = 0;

  now(): Moment {
    return ++this.#moment;
  }

  published(message: Omit<Message, "id" | "sentAt" | keyof typeof asSent>): Message {
    const id = this.messages.length;
    const noted = { ...message, id, sentAt: this.now(), ...asSent };
    this.messages.push(noted);
    return noted;
  }

  /** The message that a payload names. */
  messageOf(payload: string): Message | undefined {
    const [digits] = /^\d+/.exec(payload) ?? [];
    return digits === undefined ? undefined : this.messages[Number(digits)];
  }

  beganSession(client: string, version: ProtocolVersion, endsWithConnection: boolean): SessionRecord {
    const session = { client, version, endsWithConnection, subscriptions: [], receipts: [], hasEnded: false };
    this.sessions.push(session);
    return session;
  }

  connecting(client: string, will: Message | undefined, willDelaySeconds: number): ConnectionRecord {
    const connection: ConnectionRecord = {
      client,
      will,
      willDelaySeconds,
      isAccepted: false,
      ending: "open",
      endedAt: never,
      hasSuccessor: false,
    };
    this.connections.push(connection);
    return connection;
  }

  complain(client: string, what: string): void {
    this.complaints.push(`${client}: ${what}`);
  }
}
