// The two messages that a SCRAM client sends (RFC 5802, sections 5 and 7), read strictly: every attribute in its place, once,
// and none that this server would have to understand and does not. The text itself is kept, since the proof is over it.

import { fail, type ProtocolFailure } from "../protocol/failure.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { decodeBase64 } from "./base64.ts";

export interface ClientFirst {
  readonly type: "client-first";
  /** What stands before `bare`, both commas included. The last message repeats it. */
  readonly gs2Header: string;
  readonly bare: string;
  readonly username: string;
  readonly nonce: string;
}

export interface ClientFinal {
  readonly type: "client-final";
  /** In base64: with no channel to bind to, the GS2 header again. */
  readonly channelBinding: string;
  readonly nonce: string;
  readonly proof: Uint8Array;
  readonly withoutProof: string;
}

export const messageBytesMax = 1024;
export const nonceCharactersMax = 128;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function readClientFirst(data: Uint8Array | undefined): ClientFirst | ProtocolFailure {
  const text = readText(data);
  if (text === undefined) return malformed("the first message is missing, too long, or no text");
  const [flag = "", authorization = "", ...attributes] = text.split(",");
  if (flag.startsWith("p=")) return refuse("scram-channel-binding", "no channel binding is offered");
  if (flag !== "n" && flag !== "y") return malformed("the first message does not begin with n, y or p");
  const [user, nonce, ...extensions] = attributes;
  const username = saslName(contentOf("n", user));
  if (username === undefined) return malformed("the first message has no valid user name in its place");
  const authorized = authorization === "" ? username : saslName(contentOf("a", authorization));
  if (authorized === undefined) return malformed("the authorization identity is not valid");
  // Nobody may act for somebody else.
  if (authorized !== username) return refuse("scram-authorization-identity", `${username} asks to be ${authorized}`);
  const nonceText = contentOf("r", nonce);
  if (nonceText === undefined || !isNonce(nonceText))
    return malformed("the first message has no valid nonce in its place");
  if (!extensions.every(mayBeIgnored)) return malformed("the first message has an attribute that is not allowed there");
  const bare = attributes.join(",");
  const gs2Header = `${flag},${authorization},`;
  return { type: "client-first", gs2Header, bare, username, nonce: nonceText };
}

export function readClientFinal(data: Uint8Array | undefined): ClientFinal | ProtocolFailure {
  const text = readText(data);
  if (text === undefined) return malformed("the last message is missing, too long, or no text");
  const attributes = text.split(",");
  const proofText = contentOf("p", attributes.pop());
  const proof = proofText === undefined ? undefined : decodeBase64(proofText);
  const [binding, nonce, ...extensions] = attributes;
  const channelBinding = contentOf("c", binding);
  if (channelBinding === undefined) return malformed("the last message does not begin with its channel binding");
  const nonceText = contentOf("r", nonce);
  if (nonceText === undefined) return malformed("the last message has no nonce in its place");
  if (!extensions.every(mayBeIgnored)) return malformed("the last message has an attribute that is not allowed there");
  if (proof === undefined) return malformed("the last message does not end with its proof");
  return { type: "client-final", channelBinding, nonce: nonceText, proof, withoutProof: attributes.join(",") };
}

/** Any message of it that is not right ends the exchange in the same way: this reason says no more than that it failed. */
export function refuse(rule: string, detail: string): ProtocolFailure {
  return fail(ReasonCode.notAuthorized, rule, detail);
}

function malformed(detail: string): ProtocolFailure {
  return refuse("scram-message", detail);
}

function readText(data: Uint8Array | undefined): string | undefined {
  if (data === undefined || data.length > messageBytesMax || data.includes(0)) return undefined;
  try {
    return decoder.decode(data);
  } catch {
    return undefined;
  }
}

/** `undefined` when it is not this attribute, or empty. */
function contentOf(attribute: string, text: string | undefined): string | undefined {
  return text?.startsWith(`${attribute}=`) && text.length > 2 ? text.slice(2) : undefined;
}

/** Of `=` there may only be `=2C` for a comma and `=3D` for itself. */
function saslName(text: string | undefined): string | undefined {
  if (text === undefined || /=(?!2C|3D)/.test(text)) return undefined;
  return text.replaceAll("=2C", ",").replaceAll("=3D", "=");
}

/** Printable ASCII. Commas are gone already. */
function isNonce(text: string): boolean {
  return text.length <= nonceCharactersMax && /^[!-~]+$/.test(text);
}

/** Optional extensions have names that mean nothing yet. `m` is for those that must be understood: it is refused. */
function mayBeIgnored(attribute: string): boolean {
  return /^[A-Za-z]=./s.test(attribute) && !/^[aceimnprsv]/.test(attribute);
}
