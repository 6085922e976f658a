// The first frame from the edge to a session object: what the edge knows of the connection, and the CONNECT packet.
// Every later frame is whole MQTT packets, in both directions.
//
//   u8 format, 1 · u32 length of the JSON · JSON · CONNECT as the client sent it

import { decodeBase64, encodeBase64 } from "../src/auth/base64.ts";
import type { ReasonCode } from "../src/protocol/reason.ts";
import type { Report } from "../src/session/effects.ts";
import type { ClientRights } from "../src/session/identity.ts";
import type { SessionTemplate } from "../src/session/template.ts";
import type { SysTopic } from "../src/topic/sys.ts";
import type { TraceMark } from "../src/trace/mark.ts";

const format = 1;

export interface Hello extends ClientRights {
  readonly clientId: string;
  readonly clientIdWasAssigned: boolean;
  /** Who the client has proved to be. */
  readonly username?: string;
  /** Where the client is. */
  readonly address?: string;
  /** The server's own proof, for CONNACK. */
  readonly authenticationData?: Uint8Array;
  /** What the session has if it is made now. */
  readonly template?: SessionTemplate;
  /** Traces that follow the client. */
  readonly traces?: readonly TraceMark[];
}

/** As JSON has it, with bytes in base64. */
type WrittenHello = Omit<Hello, "authenticationData"> & { readonly authenticationData?: string };

export function encodeHello(hello: Hello, connect: Uint8Array): Uint8Array {
  const { authenticationData: data, ...rest } = hello;
  const written: WrittenHello = data === undefined ? rest : { ...rest, authenticationData: encodeBase64(data) };
  const json = new TextEncoder().encode(JSON.stringify(written));
  const frame = new Uint8Array(5 + json.length + connect.length);
  frame[0] = format;
  new DataView(frame.buffer).setUint32(1, json.length);
  frame.set(json, 5);
  frame.set(connect, 5 + json.length);
  return frame;
}

export function decodeHello(frame: Uint8Array): { hello: Hello; connectStart: number } {
  if (frame[0] !== format) throw new Error(`a hello of format ${frame[0]}`);
  const connectStart = 5 + new DataView(frame.buffer, frame.byteOffset).getUint32(1);
  const written = JSON.parse(new TextDecoder().decode(frame.subarray(5, connectStart))) as WrittenHello;
  const { authenticationData: text, ...rest } = written;
  const data = text === undefined ? undefined : decodeBase64(text);
  return { hello: data === undefined ? rest : { ...rest, authenticationData: data }, connectStart };
}

/** What the edge writes on the socket to a session object, as JSON, when what its client may do has changed. */
export interface RightsNotice {
  readonly rights: ClientRights;
  /** It may not stay, which the edge tells it. Code that does not know of this goes by the rights, which are none. */
  readonly isExpelled?: true;
  /** Why, in the word that the edge tells it. */
  readonly reason?: ReasonCode;
}

const none: ClientRights = { access: { rules: [], otherwise: "deny" } };

/** `expelledFor`: its client may not stay, which its edge tells it with this word; its rights are none then. */
export function encodeRights(rights: ClientRights = none, expelledFor?: ReasonCode): string {
  const expulsion = expelledFor === undefined ? {} : ({ isExpelled: true, reason: expelledFor } as const);
  return JSON.stringify({ rights, ...expulsion } satisfies RightsNotice);
}

/** What a session object writes on its socket, as JSON, when it has refused its client something, for who asks why. */
export interface ReportsNotice {
  readonly reports: readonly Report[];
  /** The topics of $SYS that its client is to be told from now on, in place of those before. */
  readonly sys?: readonly SysTopic[];
}

/** What the edge writes on the socket to a session object now and then, and the runtime answers for the object. */
export const alivePing = "ping";
export const alivePong = "pong";

/** How often. Each is a frame on the bill: half of what an idle client costs. */
export const alivePingMs = 9 * 60_000;
/** A connection whose edge has not written for this long, two pings and the time they may take, is gone, whatever its socket says. */
export const edgeSilentMsMax = 20 * 60_000;
