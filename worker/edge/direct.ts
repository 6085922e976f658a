// The second way in, `/mqtt/<client id>`: the client proves with the upgrade who it is, and its socket is handed to the session
// object untouched. The Worker is not asked again: a connection costs it one request and some milliseconds, which is what
// Workers Free has.

import { fail, type ProtocolFailure } from "../../src/protocol/failure.ts";
import { type Connect, PROTOCOL_PACKET_BYTES_MAX } from "../../src/protocol/packet.ts";
import { ReasonCode } from "../../src/protocol/reason.ts";
import { reasonText } from "../../src/protocol/reason-text.ts";
import { carriedMarks } from "../../src/session/tracing.ts";
import { shorten } from "../../src/trace/event.ts";
import { certificateOf } from "../auth/certificate.ts";
import { counters, report } from "../counters.ts";
import { type DirectHello, directHeader, directPath } from "../direct-hello.ts";
import type { Env } from "../env.ts";
import { Witness } from "../gate/witness.ts";
import { encodeHeader } from "../header.ts";
import { sessionName } from "../names.ts";
import { sessionStub } from "../stubs.ts";
import { credentialsOf } from "./credentials.ts";
import { Doorman } from "./doorman.ts";
import { edgeOf } from "./shared.ts";
import { EdgeTracing, shownAdmission } from "./tracing.ts";
import { addressOf, greet } from "./upgrade.ts";

export const directPrefix = "/mqtt/";

/** Rights and template travel in a header, and on the socket until CONNECT comes; what they rest on stays with the socket. */
const rightsBytesMax = 8_192;
const basisBytesMax = 4_096;
const clientIdBytesMax = 512;

const encoder = new TextEncoder();

interface Visitor {
  readonly clientId: string;
  readonly address: string;
  readonly witness: Witness;
}

export async function directUpgrade(request: Request, env: Env, context: ExecutionContext): Promise<Response> {
  const greeting = greet(request, env);
  if (greeting instanceof Response) return greeting;
  const clientId = clientIdIn(new URL(request.url).pathname);
  if (clientId === undefined) {
    return new Response(`A client id of 1 to ${clientIdBytesMax} bytes stands behind ${directPrefix}.\n`, {
      status: 400,
    });
  }
  const address = addressOf(request);
  const certificate = certificateOf(request);
  const place = { ...edgeOf(env), address, certificate };
  const doorman = new Doorman({ ...place, onRights: () => {}, onEnd: () => {} });
  const witness = new Witness(env);
  const visitor: Visitor = { clientId, address, witness };
  const tracing = new EdgeTracing(place);
  const connect: Connect = { ...blank, clientId, ...credentialsOf(request) };
  try {
    const outcome = await doorman.admit(connect);
    if (outcome.type === "failure") {
      const { reason, rule, detail } = outcome;
      tracing.note(clientId, { what: "refused", reason: reasonText(reason), detail: shorten(`${rule}: ${detail}`) });
      return refuse(outcome, visitor);
    }
    tracing.note(clientId, { what: "admitted", ...shownAdmission(outcome) });
    const { user, rights, template, expiresAtMs, decision } = outcome;
    const { who, revision, subjects } = decision;
    const basis = { who, revision, subjects };
    if (bytesOf([rights, template]) > rightsBytesMax || bytesOf(basis) > basisBytesMax) {
      return refuse(
        fail(ReasonCode.quotaExceeded, "rules-too-large", "its rules and its template are too much for this way"),
        visitor,
      );
    }
    const username = user === undefined ? {} : { username: user };
    const first = template === undefined ? {} : { template };
    const hello: DirectHello = {
      hello: {
        clientId,
        clientIdWasAssigned: false,
        address,
        ...username,
        ...rights,
        ...first,
        ...carriedMarks(tracing.marks(clientId)),
      },
      basis,
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    };
    return await handOver(env, hello, greeting.subprotocol, visitor);
  } finally {
    // The gate has counted the attempt. That the client stays connected it hears from the session object.
    doorman.close();
    context.waitUntil(Promise.all([witness.settled(), tracing.settled()]));
  }
}

async function handOver(
  env: Env,
  hello: DirectHello,
  subprotocol: string | undefined,
  visitor: Visitor,
): Promise<Response> {
  counters.add("object_calls");
  const { clientId } = visitor;
  const headers = new Headers({ Upgrade: "websocket", [directHeader]: encodeHeader(hello) });
  if (subprotocol !== undefined) headers.set("Sec-WebSocket-Protocol", subprotocol);
  try {
    return await sessionStub(env, sessionName(clientId)).fetch(`https://session${directPath}`, { headers });
  } catch (error) {
    return refuse(fail(ReasonCode.serverUnavailable, "session-unreachable", `${error}`), visitor);
  }
}

/** What a decision about the upgrade needs of a CONNECT that has yet to come. */
const blank: Omit<Connect, "clientId"> = {
  type: "connect",
  version: 5,
  cleanStart: false,
  keepAliveSeconds: 0,
  sessionExpirySeconds: 0,
  receiveMaximum: 65_535,
  maximumPacketBytes: PROTOCOL_PACKET_BYTES_MAX,
  topicAliasMaximum: 0,
  requestResponseInformation: false,
  requestProblemInformation: true,
  userProperties: [],
};

/** As the socket carries it. */
function bytesOf(value: unknown): number {
  return encoder.encode(JSON.stringify(value)).length;
}

function clientIdIn(pathname: string): string | undefined {
  try {
    const clientId = decodeURIComponent(pathname.slice(directPrefix.length));
    const bytes = encoder.encode(clientId).length;
    return bytes === 0 || bytes > clientIdBytesMax || clientId.includes("\0") ? undefined : clientId;
  } catch {
    return undefined;
  }
}

/** As the refusal of a CONNECT, in the words of HTTP. */
function refuse({ reason, rule, detail }: ProtocolFailure, { clientId, address, witness }: Visitor): Response {
  const refusal = { event: "refusal", reason: reasonText(reason), count: 1, detail: `${rule}: ${detail}` } as const;
  report([refusal], clientId);
  witness.note(clientId, address, [refusal]);
  const status = statusOf(reason);
  const headers: HeadersInit = status === 401 ? { "WWW-Authenticate": 'Basic realm="durablemq", charset="UTF-8"' } : {};
  return new Response(`${reasonText(reason)}\n`, { status, headers });
}

function statusOf(reason: ReasonCode): number {
  switch (reason) {
    case ReasonCode.badUserNameOrPassword:
    case ReasonCode.notAuthorized:
      return 401;
    case ReasonCode.connectionRateExceeded:
    case ReasonCode.quotaExceeded:
      return 429;
    case ReasonCode.serverUnavailable:
    case ReasonCode.serverBusy:
      return 503;
    default:
      return 403;
  }
}
