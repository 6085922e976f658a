// One client's connection at the edge. It finds packet boundaries, answers pings, keeps the keep-alive clock, and hands
// everything else, as much as came in one turn of the event loop, to the session object as one frame. What the session
// sends goes to the client untouched.
//
// States: waiting for CONNECT → authenticating, if CONNECT names a method → admitting → dialling the session → relaying →
// closed. Packets that follow CONNECT at once wait for the dialling to end, also when the client has left before that: the
// state leaving. AUTH ends here: the session never sees one.

import {
  type Authentication,
  acknowledged,
  begin,
  earlyPacketFailure,
  type Outcome,
  takeAuth,
} from "../../src/auth/authentication.ts";
import { claimedUser, isWrongGuess, type ScramServer, scramMethod } from "../../src/auth/scram.ts";
import { Decoder } from "../../src/codec/decode.ts";
import { type ConnectRefusal, decodeConnect } from "../../src/codec/decode-connect.ts";
import { encodePackets } from "../../src/codec/encode.ts";
import { isPingreq, pingresps } from "../../src/codec/ping.ts";
import { PacketSplitter } from "../../src/codec/splitter.ts";
import { fail, type ProtocolFailure } from "../../src/protocol/failure.ts";
import type { Connect } from "../../src/protocol/packet.ts";
import { PacketType } from "../../src/protocol/packet-type.ts";
import { ReasonCode } from "../../src/protocol/reason.ts";
import { reasonText } from "../../src/protocol/reason-text.ts";
import { keepAliveSeconds, refusalOf, refusingConnack } from "../../src/session/admission.ts";
import type { ClientRights } from "../../src/session/identity.ts";
import { carriedMarks } from "../../src/session/tracing.ts";
import { shorten } from "../../src/trace/event.ts";
import { shownConnect } from "../../src/trace/packets.ts";
import { knowing } from "../auth/scram.ts";
import { farewell } from "../auth/standing.ts";
import { closeQuietly } from "../close-quietly.ts";
import type { Config } from "../config.ts";
import { counters, report } from "../counters.ts";
import { Witness } from "../gate/witness.ts";
import {
  alivePing,
  alivePingMs,
  alivePong,
  encodeHello,
  encodeRights,
  type Hello,
  type ReportsNotice,
} from "../hello.ts";
import { type Outcome as AdmissionOutcome, Doorman, type DoormanParts, type Prepared, type Proved } from "./doorman.ts";
import { Outgoing } from "./outgoing.ts";
import { encodeSys, SysFeed } from "./sys-feed.ts";
import { EdgeTracing, shownAdmission, shownRights } from "./tracing.ts";

export type Dial = (clientId: string) => Promise<WebSocket>;

/** What may wait for the session to be dialled, in bytes of memory. */
const waitingBytesMax = 4 * 1024 * 1024;
/** The same of a client that may still turn out to be nobody. */
const unadmittedBytesMax = 256 * 1024;

/** The longest time that a timer takes. */
const timerMsMax = 2 ** 31 - 1;

/** leaving: the client has gone while its session was being reached, which still gets what it sent. */
type State = "connecting" | "authenticating" | "admitting" | "dialling" | "leaving" | "relaying" | "closed";

export class ClientConnection {
  readonly #client: WebSocket;
  readonly #dial: Dial;
  readonly #splitter: PacketSplitter;
  readonly #address: string;
  readonly #done: () => void;
  readonly #config: Config;
  #scram: ScramServer;
  /** What of the control database a proof would rest on. */
  #basis: string | undefined;
  readonly #doorman: Doorman;
  readonly #witness: Witness;
  readonly #tracing: EdgeTracing;
  readonly #sys: SysFeed;
  #state: State = "connecting";
  #connect: Connect | undefined;
  /** CONNECT as it came, until the session is reached. */
  #connectPacket: Uint8Array | undefined;
  #authentication: Authentication = { state: "absent" };
  #session: WebSocket | undefined;
  /** The session has answered CONNECT. */
  #accepted = false;
  /** The client made it while its CONNECT was being answered, and is told when that has happened. */
  #mistake: ReasonCode | undefined;
  readonly #hasCertificate: boolean;
  /** What the client may do has changed while its session was being reached. */
  #newRights: ClientRights | undefined;
  #expiry: ReturnType<typeof setTimeout> | undefined;
  #looking: ReturnType<typeof setInterval> | undefined;
  /** Packets for the session. */
  readonly #outgoing = new Outgoing();
  /** Those of the frame that is being taken. */
  #pings = 0;
  #heardAtMs = Date.now();
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #alive: ReturnType<typeof setInterval> | undefined;

  /** `done` is called once, when nothing more will happen. */
  constructor(
    client: WebSocket,
    dial: Dial,
    scram: ScramServer,
    place: Omit<DoormanParts, "onRights" | "onEnd">,
    done: () => void,
  ) {
    const { config, address } = place;
    this.#client = client;
    this.#dial = dial;
    this.#address = address;
    this.#done = done;
    this.#config = config;
    this.#scram = scram;
    this.#witness = new Witness(place.env);
    this.#tracing = new EdgeTracing(place);
    this.#sys = new SysFeed(place.env, (packets) => this.#send(encodeSys(packets, this.#connect as Connect)));
    this.#hasCertificate = place.certificate !== undefined;
    this.#doorman = new Doorman({
      ...place,
      onRights: (rights) => this.#tellRights(rights),
      onEnd: (failure) => this.#expel(failure),
    });
    this.#splitter = new PacketSplitter(config.maximumPacketBytes);
    this.#deadline = setTimeout(() => this.#timedOut(), config.connectTimeoutSeconds * 1000);
    client.addEventListener("message", (event) => this.#take(event.data as ArrayBuffer | string));
    client.addEventListener("close", () => this.#clientEnded());
    client.addEventListener("error", () => this.#clientEnded());
  }

  #take(data: ArrayBuffer | string): void {
    if (this.#state === "closed" || this.#mistake !== undefined) return;
    counters.add("frames_in");
    this.#heardAtMs = Date.now();
    this.#outgoing.heard(this.#heardAtMs);
    if (typeof data === "string") {
      return this.#refuseInTurn(fail(ReasonCode.protocolError, "MQTT-6.0.0-1", "a text frame"));
    }
    const bytes = new Uint8Array(data);
    if (this.#state === "connecting" && !this.#mayBeConnect(bytes)) {
      return this.#refuse(fail(ReasonCode.protocolError, "MQTT-3.1.0-1", "the first packet is not a CONNECT"));
    }
    const failure = this.#splitter.push(bytes, this.#takePacket);
    if (this.#pings > 0) this.#answerPings();
    if (failure !== undefined) this.#refuseInTurn(failure);
  }

  #answerPings(): void {
    if (this.#state === "closed") return;
    const count = this.#pings;
    this.#pings = 0;
    counters.add("pings", count);
    const times = count === 1 ? {} : { detail: `${count} at once` };
    this.#tracing.note(this.#connect?.clientId, { what: "ping", ...times });
    this.#send(pingresps(count));
  }

  /** Told from its first byte: whoever does not speak MQTT is not waited for. */
  #mayBeConnect(bytes: Uint8Array): boolean {
    const first = bytes[0];
    return this.#splitter.pendingBytes > 0 || first === undefined || first >> 4 === PacketType.connect;
  }

  readonly #takePacket = (frame: Uint8Array, start: number, end: number): void => {
    if (this.#state === "closed" || this.#mistake !== undefined) return;
    if (this.#state === "connecting") return this.#takeConnect(frame, start, end);
    const type = ((frame[start] as number) >> 4) as PacketType;
    if (type === PacketType.auth) return this.#takeAuth(frame, start, end);
    if (!this.#accepted) {
      const failure = earlyPacketFailure(this.#authentication, type);
      if (failure !== undefined) return this.#refuse(failure);
    }
    // It is a DISCONNECT: the client has changed its mind.
    if (this.#state === "authenticating") return this.#end();
    // Until CONNACK has passed the session answers, so that nothing precedes it [MQTT-3.2.0-1].
    if (isPingreq(frame, start, end) && this.#accepted) {
      this.#pings++;
      return;
    }
    this.#outgoing.push(frame, start, end, type);
    const bytesMax = this.#state === "admitting" ? unadmittedBytesMax : waitingBytesMax;
    if ((this.#state === "admitting" || this.#state === "dialling") && this.#outgoing.weight > bytesMax) {
      this.#refuse(fail(ReasonCode.quotaExceeded, "early-bytes", "too much was sent before CONNACK"));
    }
  };

  #takeConnect(frame: Uint8Array, start: number, end: number): void {
    const decoded = decodeConnect(frame, start, end, this.#config);
    if (decoded.type === "refusal") return this.#refuseConnect(decoded);
    this.#connect = decoded;
    this.#tracing.note(decoded.clientId, { what: "connect", ...shownConnect(decoded) });
    const refusal = refusalOf(decoded, this.#config, this.#hasCertificate);
    if (refusal !== undefined) return this.#refuse(refusal);
    this.#connectPacket = frame.subarray(start, end);
    this.#state = "authenticating";
    const isScram = this.#scram.isOffered && decoded.authenticationMethod === scramMethod;
    const user = isScram ? claimedUser(decoded.authenticationData) : undefined;
    if (user === undefined) return this.#proceed(begin(decoded, this.#scram));
    this.#authentication = { state: "deciding" };
    void this.#doorman.prepare(decoded, user).then((prepared) => this.#challenge(decoded, user, prepared));
  }

  #challenge(connect: Connect, user: string, prepared: Prepared | ProtocolFailure): void {
    if (this.#state === "closed") return;
    if (prepared.type === "failure") return this.#refuse(prepared);
    this.#scram = knowing(this.#scram, user, prepared.verifier);
    this.#basis = prepared.basis;
    this.#proceed(begin(connect, this.#scram));
  }

  #takeAuth(frame: Uint8Array, start: number, end: number): void {
    const { version } = this.#connect as Connect;
    const auth = new Decoder(version, this.#config).decode(frame, start, end);
    if (auth.type === "failure") return this.#refuse(auth);
    if (auth.type !== "auth") return;
    const outcome = takeAuth(this.#authentication, auth, this.#scram);
    if (outcome.type !== "failure" || !isWrongGuess(outcome)) return this.#proceed(outcome);
    this.#authentication = { state: "deciding" };
    this.#doorman.wrongProof().then(
      () => this.#refuse(outcome),
      () => this.#refuse(outcome),
    );
  }

  #proceed(outcome: Outcome): void {
    if (outcome.type === "failure") return this.#refuse(outcome);
    const { authentication, send } = outcome;
    this.#authentication = authentication;
    if (send !== undefined) this.#send(encodePackets([send], 5));
    switch (authentication.state) {
      case "deciding":
        return;
      case "absent":
        return this.#admit();
      case "admitted":
        return this.#admit({ user: authentication.username, basis: this.#basis });
      case "authenticated":
        counters.add("authentications");
        return;
      case "proving":
      case "renewing":
        return;
      default:
        authentication satisfies never;
    }
  }

  #admit(proved?: Proved): void {
    const asked = this.#connect as Connect;
    const clientIdWasAssigned = asked.clientId === "";
    // [MQTT-3.1.3-6] [MQTT3-3.1.3-6]
    const clientId = clientIdWasAssigned ? `auto-${crypto.randomUUID()}` : asked.clientId;
    const connect = { ...asked, clientId };
    this.#connect = connect;
    this.#state = "admitting";
    this.#doorman.admit(connect, proved).then(
      (decision) => this.#decided(decision, clientIdWasAssigned),
      (error: unknown) => this.#unreachable(error),
    );
  }

  #decided(outcome: AdmissionOutcome, clientIdWasAssigned: boolean): void {
    if (this.#state === "closed") return;
    const connect = this.#connect as Connect;
    const { clientId } = connect;
    if (outcome.type === "failure") return this.#refuse(outcome);
    this.#tracing.note(clientId, { what: "admitted", ...shownAdmission(outcome) });
    clearTimeout(this.#deadline);
    if (this.#state !== "leaving") this.#state = "dialling";
    const packet = this.#connectPacket as Uint8Array;
    this.#connectPacket = undefined;
    this.#connect = withoutContent(connect);
    const { user, rights, template, expiresAtMs } = outcome;
    const who = user === undefined ? {} : { username: user };
    const first = template === undefined ? {} : { template };
    const proof = { ...proofIn(this.#authentication), ...carriedMarks(this.#tracing.marks(clientId)) };
    const hello = encodeHello(
      { clientId, clientIdWasAssigned, address: this.#address, ...who, ...proof, ...rights, ...first },
      packet,
    );
    if (expiresAtMs !== undefined) this.#endAt(expiresAtMs);
    this.#reach(clientId, hello).catch((error: unknown) => this.#unreachable(error));
  }

  /** What the client has shown to be who it is holds until then. */
  #endAt(expiresAtMs: number): void {
    const remainingMs = expiresAtMs - Date.now();
    if (remainingMs > 0) {
      this.#expiry = setTimeout(() => this.#endAt(expiresAtMs), Math.min(remainingMs, timerMsMax));
      return;
    }
    this.#refuse(fail(ReasonCode.maximumConnectTime, "credentials-expired", "the credentials have expired"));
  }

  #tellRights(rights: ClientRights): void {
    if (this.#state === "closed") return;
    this.#tracing.note(this.#connect?.clientId, { what: "rights", ...shownRights(rights) });
    if (this.#session === undefined) this.#newRights = rights;
    else this.#session.send(encodeRights(rights));
  }

  #expel(failure: ProtocolFailure): void {
    this.#session?.send(encodeRights(undefined, farewell(failure.reason)));
    this.#refuse(failure);
  }

  async #reach(clientId: string, hello: Uint8Array): Promise<void> {
    counters.add("object_calls");
    const session = await this.#dial(clientId);
    if (this.#state === "closed") return closeQuietly(session);
    counters.add("connections_opened");
    const hasLeft = this.#state === "leaving";
    this.#session = session;
    this.#state = "relaying";
    session.addEventListener("message", (event) => {
      if (typeof event.data === "string") return this.#takeNotice(event.data);
      if (!this.#accepted) this.#authentication = acknowledged(this.#authentication);
      this.#accepted = true;
      this.#outgoing.told(new Uint8Array(event.data as ArrayBuffer));
      this.#send(event.data as ArrayBuffer);
      if (this.#mistake !== undefined) this.#dismiss(this.#mistake);
    });
    session.addEventListener("close", () => this.#sessionEnded());
    session.addEventListener("error", () => this.#sessionEnded());
    session.send(hello);
    if (this.#newRights !== undefined) this.#tellRights(this.#newRights);
    this.#outgoing.open((frame) => session.send(frame));
    if (hasLeft) return this.#clientEnded();
    this.#alive = setInterval(() => session.send(alivePing), alivePingMs);
    this.#looking = setInterval(() => void this.#doorman.look(), this.#config.accessCacheMs);
    this.#keepAlive();
  }

  /** A text from the session: the answer to the alive ping, or what it has refused its client. */
  #takeNotice(text: string): void {
    if (text === alivePong) return;
    const { reports, sys } = JSON.parse(text) as ReportsNotice;
    if (reports.length > 0) this.#witness.note(this.#connect?.clientId, this.#address, reports);
    if (sys !== undefined && this.#state === "relaying") this.#sys.follow(sys);
  }

  #timedOut(): void {
    const time = `within ${this.#config.connectTimeoutSeconds} seconds`;
    if (this.#state === "admitting") {
      return this.#refuse(fail(ReasonCode.serverUnavailable, "admission-timeout", `nobody decided ${time}`));
    }
    if (this.#state === "authenticating") {
      return this.#refuse(fail(ReasonCode.notAuthorized, "authentication-timeout", `no proof ${time}`));
    }
    this.#refuse(fail(ReasonCode.maximumConnectTime, "connect-timeout", `no CONNECT ${time}`));
  }

  /** [MQTT-3.1.2-22] [MQTT3-3.1.2-24] One timer, set again only when it rings. */
  #keepAlive(): void {
    const seconds = this.#connect === undefined ? 0 : keepAliveSeconds(this.#connect, this.#config);
    if (seconds === 0) return;
    const remainingMs = this.#heardAtMs + seconds * 1500 - Date.now();
    if (remainingMs <= 0) {
      this.#report(ReasonCode.keepAliveTimeout, "MQTT-3.1.2-22", `nothing for ${seconds * 1.5} seconds`);
      return this.#dismiss(ReasonCode.keepAliveTimeout);
    }
    this.#deadline = setTimeout(() => this.#keepAlive(), remainingMs);
  }

  #send(frame: ArrayBuffer | Uint8Array): void {
    if (this.#state === "closed" || this.#state === "leaving") return;
    counters.add("frames_out");
    this.#client.send(frame);
  }

  #refuseConnect({ reason, rule, detail, connack }: ConnectRefusal): void {
    this.#report(reason, rule, detail);
    if (connack !== undefined) this.#send(connack);
    this.#end();
  }

  /** The client's mistake or its absence, or ours: it is told, as far as its version has words for it now, and closed. */
  #refuse({ reason, rule, detail }: ProtocolFailure): void {
    if (this.#state === "closed") return;
    this.#report(reason, rule, detail);
    // The session has its CONNECT and answers it: no second CONNACK [MQTT-3.2.0-2], and no DISCONNECT before [MQTT-3.14.0-1].
    if (this.#session !== undefined && !this.#accepted) this.#mistake = reason;
    else this.#dismiss(reason);
  }

  /** A mistake in the stream. The CONNECT that came before it is answered first, and what else did counts. */
  #refuseInTurn(failure: ProtocolFailure): void {
    if (this.#state !== "dialling" && this.#state !== "admitting") return this.#refuse(failure);
    this.#report(failure.reason, failure.rule, failure.detail);
    this.#mistake = failure.reason;
  }

  #dismiss(reason: ReasonCode): void {
    this.#outgoing.flush();
    const last = this.#lastPacket(reason);
    if (last !== undefined && last.length > 0) this.#send(last);
    this.#end();
  }

  #lastPacket(reason: ReasonCode): Uint8Array | undefined {
    if (this.#connect === undefined) return undefined;
    const { version, maximumPacketBytes } = this.#connect;
    if (this.#accepted) {
      const told = farewell(reason);
      const disconnect = { type: "disconnect", reason: told, reasonString: reasonText(told) } as const;
      return encodePackets([disconnect], version, maximumPacketBytes);
    }
    if (this.#session !== undefined) return undefined;
    // [MQTT-4.12.0-4]
    return encodePackets([refusingConnack(reason, this.#config)], version, maximumPacketBytes);
  }

  #unreachable(error: unknown): void {
    this.#refuse(fail(ReasonCode.serverUnavailable, "session-unreachable", `${error}`));
  }

  #report(reason: ReasonCode, rule: string, detail: string): void {
    const clientId = this.#connect?.clientId;
    const refusal = { event: "refusal", reason: reasonText(reason), count: 1, detail: `${rule}: ${detail}` } as const;
    report([refusal], clientId || this.#address);
    this.#witness.note(clientId, this.#address, [refusal]);
    this.#tracing.note(clientId, { what: "refused", reason: refusal.reason, detail: shorten(refusal.detail) });
  }

  #clientEnded(): void {
    // What arrived whole is processed, also when the client left right after.
    switch (this.#state) {
      case "admitting":
      case "dialling":
        this.#state = "leaving";
        return closeQuietly(this.#client);
      case "leaving":
        return;
      default:
        this.#outgoing.flush();
        this.#end();
    }
  }

  /** The session closed the connection, or its object was reset: the client comes again and resends. */
  #sessionEnded(): void {
    this.#end();
  }

  #end(): void {
    if (this.#state === "closed") return;
    if (this.#session !== undefined) counters.add("connections_closed");
    this.#state = "closed";
    clearTimeout(this.#deadline);
    clearTimeout(this.#expiry);
    clearInterval(this.#alive);
    clearInterval(this.#looking);
    this.#outgoing.close();
    this.#sys.stop();
    this.#doorman.close();
    this.#tracing.note(this.#connect?.clientId, { what: "closed" });
    Promise.all([this.#witness.settled(), this.#tracing.settled()]).finally(() => this.#done());
    closeQuietly(this.#client);
    if (this.#session !== undefined) closeQuietly(this.#session);
  }
}

/** The server's own proof, for CONNACK. */
function proofIn(authentication: Authentication): Pick<Hello, "authenticationData"> {
  return authentication.state === "admitted" ? { authenticationData: authentication.data } : {};
}

/** What is kept of it for as long as the connection stays: the session has the rest, which may be a megabyte. */
function withoutContent({ will: _will, password: _password, ...connect }: Connect): Connect {
  return { ...connect, userProperties: [] };
}
