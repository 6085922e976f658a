// CONNECT: makes, resumes or replaces the session [MQTT-3.1.2-4] [MQTT-3.1.2-5] [MQTT-3.1.2-6], and sends what an
// earlier connection left unfinished.

import { nextGeneration } from "../hop/generations.ts";
import type { ConnackProperties, Connect, Will } from "../protocol/packet.ts";
import { ReasonCode } from "../protocol/reason.ts";
import { RecordWriter } from "../queue/record.ts";
import { topicBehind } from "../topic/delayed.ts";
import { shardOf } from "../topic/shards.ts";
import type { TraceMark } from "../trace/mark.ts";
import { keepAliveSeconds } from "./admission.ts";
import type { SessionOverrides, SessionRecord, StoredWill } from "./changes.ts";
import { endIfOver, endSession } from "./closing.ts";
import type { Effects } from "./effects.ts";
import { fill } from "./fill.ts";
import { type ClientRights, setRights } from "./identity.ts";
import { open } from "./opening.ts";
import { revokedFilters } from "./permission.ts";
import { continueReplays } from "./replay.ts";
import { attendShares } from "./sharing.ts";
import type { Session } from "./state.ts";
import { finishRemovals, removeRevoked } from "./subscribe.ts";
import { reconsiderSys } from "./sys.ts";
import type { SessionTemplate } from "./template.ts";
import { carriedMarks } from "./tracing.ts";
import { cancelWills, startWill } from "./wills.ts";

export interface ConnectInput extends ClientRights {
  readonly type: "connect";
  readonly connect: Connect;
  readonly epoch: number;
  /** The client sent no id and was given this one [MQTT-3.2.2-16]. */
  readonly clientIdWasAssigned: boolean;
  /** Who the client has proved to be. A name in CONNECT alone proves nothing. */
  readonly username?: string;
  /** Where the client is. */
  readonly address?: string;
  /** The server's own proof, for CONNACK. */
  readonly authenticationData?: Uint8Array;
  /** What a session has that is made for this client. */
  readonly template?: SessionTemplate;
  /** What follows this client, as far as its edge knows. */
  readonly traces?: readonly TraceMark[];
}

/** Characters of a name that a connection carries: it has little room. */
const shownMax = 256;

/** Whoever was connected has been told to go before this: see "taken-over". */
export function connect(session: Session, input: ConnectInput, effects: Effects, nowMs: number): void {
  const { connect } = input;
  endIfOver(session, effects, nowMs);
  endUnseen(session, connect.cleanStart, effects, nowMs);
  if (connect.cleanStart && session.record !== undefined) endSession(session, effects, nowMs, "clean-start");
  const found = session.record;
  const template = found === undefined ? input.template : undefined;
  const own = found === undefined ? template?.limits : found.limits;
  const rights = setRights(session, input, own, effects);
  const { limits } = session;
  const expirySeconds = Math.min(connect.sessionExpirySeconds, limits.sessionExpirySecondsMax);
  const generation = found?.generation ?? nextGeneration(nowMs, session.life, session.lastGeneration);
  session.lastGeneration = generation;

  session.connection = {
    epoch: input.epoch,
    version: connect.version,
    generation,
    keepAliveSeconds: keepAliveSeconds(connect, limits),
    receiveMaximum: connect.receiveMaximum,
    maximumPacketBytes: connect.maximumPacketBytes,
    topicAliasMaximum: connect.topicAliasMaximum,
    requestProblemInformation: connect.requestProblemInformation,
    connectedAtMs: nowMs,
    ...(input.username === undefined ? {} : { username: input.username }),
    ...(input.address === undefined ? {} : { address: input.address.slice(0, shownMax) }),
    ...rights,
    ...(found === undefined && expirySeconds === 0 && hasAny(own) ? { ownLimits: own } : {}),
    ...carriedMarks(input.traces),
    offeredBelow: session.queue.end,
  };
  if (found !== undefined || expirySeconds > 0) {
    const { clientId, version } = connect;
    keepRecord(session, effects, {
      clientId,
      username: input.username,
      version,
      generation,
      expirySeconds,
      expiresAtMs: 0,
      ...(input.limits === undefined ? {} : { userLimits: input.limits }),
      ...(found?.lastWillSequence === undefined ? {} : { lastWillSequence: found.lastWillSequence }),
      ...(hasAny(own) ? { limits: own } : {}),
      ...(found?.backup === undefined ? {} : { backup: found.backup }),
      ...(found?.firstSubscriptions === undefined ? {} : { firstSubscriptions: found.firstSubscriptions }),
      ...(found?.traces === undefined ? {} : { traces: found.traces }),
    });
  }
  session.holding.begin();
  session.inbound.awaitAll();
  cancelWills(session, effects);
  if (connect.will !== undefined) takeWill(session, connect.will, generation, effects);
  // Aliases do not outlive a connection [MQTT-3.3.2-7].
  session.incomingAliases.clear();
  if (session.reads.hasAliases()) effects.persist.push({ kind: "clear-aliases" });

  effects.send.push({
    type: "connack",
    sessionPresent: found !== undefined,
    reason: ReasonCode.success,
    properties: connect.version === 5 ? announce(session, input, expirySeconds) : {},
  });
  const first = found === undefined ? template?.subscriptions : found.firstSubscriptions;
  if (first !== undefined) open(session, first, effects);
  if (found !== undefined) {
    finishRemovals(session, effects);
    removeRevoked(session, revokedFilters(session, effects), effects);
  }
  fill(session, effects, nowMs);
  continueReplays(session, effects);
  if (found !== undefined) {
    attendShares(session, effects);
    reconsiderSys(session, effects);
  }
}

function hasAny(limits: SessionOverrides | undefined): limits is SessionOverrides {
  return limits !== undefined && Object.keys(limits).length > 0;
}

function announce(session: Session, input: ConnectInput, expirySeconds: number): ConnackProperties {
  const { limits } = session;
  const { authenticationMethod } = input.connect;
  return {
    receiveMaximum: limits.receiveMaximum,
    maximumPacketBytes: limits.maximumPacketBytes,
    topicAliasMaximum: limits.topicAliasMaximum,
    ...(limits.sharedAvailable ? {} : { sharedAvailable: false }),
    ...(limits.maximumQos < 2 ? { maximumQos: limits.maximumQos as 0 | 1 } : {}),
    ...(limits.retainAvailable ? {} : { retainAvailable: false }),
    ...(limits.wildcardAvailable ? {} : { wildcardAvailable: false }),
    ...(limits.serverKeepAliveSeconds > 0 ? { serverKeepAliveSeconds: limits.serverKeepAliveSeconds } : {}),
    // [MQTT-3.1.2-28] Only to those who ask.
    ...(input.connect.requestResponseInformation && limits.responseInformation !== ""
      ? { responseInformation: limits.responseInformation }
      : {}),
    ...(limits.serverReference === "" ? {} : { serverReference: limits.serverReference }),
    ...(input.clientIdWasAssigned ? { assignedClientId: input.connect.clientId } : {}),
    ...(expirySeconds === input.connect.sessionExpirySeconds ? {} : { sessionExpirySeconds: expirySeconds }),
    // [MQTT-4.12.0-5] [MQTT-4.12.0-6]
    ...(authenticationMethod === undefined ? {} : { authenticationMethod }),
    ...(input.authenticationData === undefined ? {} : { authenticationData: input.authenticationData }),
  };
}

/** A session that comes back as it left is not written. */
function keepRecord(session: Session, effects: Effects, record: SessionRecord): void {
  const known = session.record;
  if (
    known === undefined ||
    known.expirySeconds !== record.expirySeconds ||
    known.expiresAtMs !== 0 ||
    known.version !== record.version ||
    known.username !== record.username ||
    known.isProvisioned === true ||
    JSON.stringify(known.userLimits) !== JSON.stringify(record.userLimits)
  ) {
    effects.persist.push({ kind: "put-session", record });
  }
  session.record = record;
}

/** A connection broke with its object: its end is noticed now. No delay has passed yet, and a session that ends has none. */
function endUnseen(session: Session, endsSession: boolean, effects: Effects, nowMs: number): void {
  const { will, record } = session;
  const delayMs = endsSession ? 0 : Math.min(will?.delayMs ?? 0, (record?.expirySeconds ?? 0) * 1000);
  startWill(session, delayMs, effects, nowMs);
}

function takeWill(session: Session, will: Will, generation: number, effects: Effects): void {
  session.will = storedWill(session, will, generation);
  effects.persist.push({ kind: "put-will", will: session.will });
}

function storedWill(session: Session, will: Will, generation: number): StoredWill {
  const { delayedSecondsMax, topicShardDepth, topicShards } = session.limits;
  // Whose delay is none was refused before.
  const topic = topicBehind(will.topic, delayedSecondsMax) ?? will.topic;
  const writer = new RecordWriter();
  writer.append({
    qos: will.qos,
    retain: will.retain,
    sequence: 0,
    expiresAtMs: 0,
    topicBytes: will.topicBytes,
    properties: will.properties,
    payload: will.payload,
  });
  return {
    shard: shardOf(topic, topicShardDepth, topicShards),
    body: writer.take(),
    generation,
    delayMs: will.delaySeconds * 1000,
    expiryMs: (will.messageExpirySeconds ?? 0) * 1000,
  };
}
