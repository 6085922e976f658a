// Messages for this session, from a shard: into the queue, out to the client as far as the window allows, and the answer
// tells the shard what was taken over. When the answer leaves, what it says is durable or on the wire.

import { isTaken } from "../hop/request-numbers.ts";
import { concatenate, RecordReader, RecordWriter } from "../queue/record.ts";
import type { Effects } from "./effects.ts";
import { fill, sendQos0 } from "./fill.ts";
import { hold, mayHold, putSegment } from "./holding.ts";
import { makesRoom } from "./make-room.ts";
import type { RetainedPage } from "./routing.ts";
import { continueShares, roomForShared } from "./sharing.ts";
import { generationOf, queueDepth, type Session } from "./state.ts";

/** Messages of one publisher, in its order. */
export interface DeliveryPart {
  readonly publisher: string;
  readonly publisherGeneration: number;
  /** Of the session that subscribed: an earlier session of the same client id takes nothing. */
  readonly generation: number;
  readonly body: Uint8Array;
  /** The publisher has its acknowledgement: the message cannot be refused any more, only waited with. */
  readonly owed: boolean;
  /** The shared subscription that it is offered under: what is not taken goes to another member. */
  readonly share?: string;
}

export interface PartAnswer {
  /** No such session: its routes can go. */
  readonly gone: boolean;
  /** Indexes of the records that did not fit into the queue and whose publisher must be told. */
  readonly refused: readonly number[];
  /** Of what was offered under a shared subscription. */
  readonly share?: ShareAnswer;
}

export interface ShareAnswer {
  /** Records taken over, from the first on. */
  readonly taken: number;
  /** The client is not connected, or has unsubscribed. */
  readonly isAway: boolean;
  /** It has unsubscribed. Earlier versions do not say. */
  readonly hasLeft?: boolean;
  /** How many more could be sent to the client at once. */
  readonly room: number;
}

export interface DeliveryAnswer {
  /** Nothing was taken over: owed messages do not fit yet. The call comes again later. */
  readonly busy: boolean;
  readonly parts: readonly PartAnswer[];
}

const goneAnswer: PartAnswer = { gone: true, refused: [] };
const takenAnswer: PartAnswer = { gone: false, refused: [] };

/** A row holds at most 2 MB; segments stay well below. */
const segmentBytesMax = 1_500_000;

/** Cursors of publishers kept in memory; the rows have them all. */
const rememberedSourcesMax = 1_000;

interface Intake {
  readonly session: Session;
  readonly shard: number;
  readonly effects: Effects;
  readonly nowMs: number;
  /** What goes into the queue: whole bodies where possible. */
  readonly bodies: { readonly body: Uint8Array; readonly count: number; readonly share: string | undefined }[];
  messages: number;
  bytes: number;
  /** Publishers of whom something was refused: nothing that comes behind it in this call is taken. */
  readonly refusing: Set<string>;
  /** Something in it has to be written, and at once: see src/session/holding.ts, rules 3 and 4. */
  needsRow: boolean;
}

function intakeOf(session: Session, shard: number, effects: Effects, nowMs: number, needsRow: boolean): Intake {
  return { session, shard, effects, nowMs, bodies: [], messages: 0, bytes: 0, refusing: new Set(), needsRow };
}

export function deliver(
  session: Session,
  shard: number,
  parts: readonly DeliveryPart[],
  effects: Effects,
  nowMs: number,
): DeliveryAnswer {
  if (owedDoNotFit(session, parts, effects, nowMs)) return { busy: true, parts: [] };
  const needsRow = parts.some(({ owed, share }) => owed || share !== undefined);
  const intake = intakeOf(session, shard, effects, nowMs, needsRow);
  const generation = generationOf(session);
  const answers = parts.map((part) => {
    if (generation === undefined || part.generation !== generation) return goneAnswer;
    if (part.share !== undefined) return { gone: false, refused: [], share: takeShared(intake, part, part.share) };
    const refused = takePart(intake, part);
    return refused.length === 0 ? takenAnswer : { gone: false, refused };
  });
  store(intake);
  continueShares(session, effects);
  return { busy: false, parts: answers };
}

/**
 * Of a call that comes again: what was refused when its publisher could still be told, which it was not, and now has to
 * be taken.
 */
export function refusedThenOwed(parts: readonly DeliveryPart[], before: DeliveryAnswer): DeliveryPart[] {
  const again: DeliveryPart[] = [];
  for (const [index, part] of parts.entries()) {
    const refused = before.parts[index]?.refused ?? [];
    if (!part.owed || refused.length === 0) continue;
    const writer = new RecordWriter();
    const reader = new RecordReader(part.body);
    for (let record = 0; reader.next(); record++) if (refused.includes(record)) writer.appendCopy(reader);
    again.push({ ...part, body: writer.take() });
  }
  return again;
}

/** Retained messages for a new subscription: like any other, but nobody can be refused. */
export function deliverRetained(session: Session, page: RetainedPage, effects: Effects, nowMs: number): void {
  const intake = intakeOf(session, -1, effects, nowMs, true);
  takePart(intake, { publisher: "", publisherGeneration: 0, generation: 0, body: page.body, owed: false });
  store(intake);
}

function owedDoNotFit(session: Session, parts: readonly DeliveryPart[], effects: Effects, nowMs: number): boolean {
  if (session.limits.queuePolicy !== "reject" || !parts.some((part) => part.owed)) return false;
  const { queue, window, limits } = session;
  const bytes = parts.reduce((sum, part) => sum + part.body.length, 0);
  const fits = () => queueDepth(session) < limits.queueMessagesMax && queue.bytes + bytes <= limits.queueBytesMax;
  return !makesRoom(session, fits, effects, nowMs) && queue.end > window.head;
}

function takePart(intake: Intake, part: DeliveryPart): number[] {
  const { session, effects, nowMs } = intake;
  const { connection } = session;
  const reader = new RecordReader(part.body);
  const refused: number[] = [];
  const kept = new Keeper(part.body);
  let lastSequence = 0;
  let refuses = intake.refusing.size > 0 && intake.refusing.has(cursorName(intake.shard, part));

  for (let index = 0; reader.next(); index++) {
    const { qos, sequence } = reader;
    // To a sink nobody is ever connected, and it gets them all.
    if (qos === 0 && session.sink === undefined) {
      // Never queued, by us or by the shard: a client that is not there misses it.
      if (part.owed) effects.drop("qos0-late", `topic ${reader.topic} from ${part.publisher}`);
      else if (connection !== undefined) sendQos0(session, connection, reader, effects, nowMs);
      kept.leave();
    } else if (sequence > 0 && isTaken(sequence, lastSequence || sourceSequence(intake, part))) {
      // Taken over before: the shard did not hear the answer.
      kept.leave();
    } else if (refuses) {
      // Once one is refused the rest is too, so that the cursor never passes a message that was not taken.
      refused.push(index);
      kept.leave();
    } else {
      const admission = admit(intake, reader, part);
      if (admission === "refuse") {
        refuses = true;
        refused.push(index);
      } else if (sequence > 0) lastSequence = sequence;
      if (admission === "take") {
        kept.take(reader);
        // Of a kill between PUBREC and PUBCOMP nothing else would know.
        if (qos === 2) intake.needsRow = true;
      } else kept.leave();
    }
  }
  if (kept.count > 0) intake.bodies.push({ body: kept.body(), count: kept.count, share: undefined });
  if (lastSequence > 0) putCursor(intake, part, lastSequence);
  if (refuses) intake.refusing.add(cursorName(intake.shard, part));
  return refused;
}

function putCursor(intake: Intake, part: DeliveryPart, sequence: number): void {
  const { session, shard, effects, nowMs } = intake;
  intake.needsRow = true;
  const { publisher, publisherGeneration } = part;
  session.sources.set(cursorName(shard, part), sequence);
  effects.persist.push({
    kind: "put-source",
    cursor: { publisher, publisherGeneration, shard, sequence, atMs: nowMs },
  });
}

/**
 * Messages offered under a shared subscription: no more than can be sent to the client at once, so that what waits, waits
 * where any member can have it. Who turned something down says so when there is room again: see src/session/sharing.ts.
 */
function takeShared(intake: Intake, part: DeliveryPart, share: string): ShareAnswer {
  const { session, effects, nowMs } = intake;
  // A shard may not have heard yet that the session has unsubscribed; from UNSUBACK on nothing comes [MQTT-3.10.4-2].
  const isMember = session.reads.subscription(share) !== undefined;
  const connection = isMember ? session.connection : undefined;
  const reader = new RecordReader(part.body);
  const kept = new Keeper(part.body);
  let room = roomForShared(session) - intake.messages;
  let lastSequence = 0;
  let taken = 0;
  for (; reader.next(); taken++) {
    const { qos, sequence } = reader;
    if (sequence > 0 && isTaken(sequence, lastSequence || sourceSequence(intake, part))) {
      // Taken over before: the shard did not hear the answer.
      kept.leave();
    } else if (connection === undefined || (qos > 0 && room <= 0)) {
      break;
    } else if (qos === 0) {
      sendQos0(session, connection, reader, effects, nowMs);
      kept.leave();
    } else {
      kept.take(reader);
      intake.messages++;
      intake.bytes += reader.end - reader.start;
      room--;
      if (sequence > 0) lastSequence = sequence;
    }
  }
  if (kept.count > 0) {
    intake.bodies.push({ body: kept.body(), count: kept.count, share });
    session.sharing.holds = true;
  }
  if (lastSequence > 0) putCursor(intake, part, lastSequence);
  if (connection !== undefined && room <= 0) session.sharing.askedBy.add(intake.shard);
  const answer = { taken, isAway: connection === undefined, room: Math.max(0, room) };
  return isMember ? answer : { ...answer, hasLeft: true };
}

/**
 * Whether a message goes into the queue, in this order:
 * 1. there is room, or, but for the policy to drop the oldest, there is when expired ones have gone: it does;
 * 2. the policy is to drop the oldest: it does, and what was not begun longest ago goes (see `dropOldest`);
 * 3. the policy is to reject, and its publisher has its acknowledgement: it does, and `owedDoNotFit` has seen to it that the
 *    excess is one call;
 * 4. the policy is to reject and there is a publisher to be told: it is refused;
 * 5. otherwise it is dropped, and counted.
 */
function admit(intake: Intake, reader: RecordReader, part: DeliveryPart): "take" | "refuse" | "drop" {
  const { session, effects, nowMs } = intake;
  const { queuePolicy } = session.limits;
  const size = reader.end - reader.start;
  const isTakenAnyway = queuePolicy === "drop-oldest" || (queuePolicy === "reject" && part.owed);
  const hasRoom = isTakenAnyway || fits(intake, 1, size);
  if (hasRoom || makesRoom(session, () => fits(intake, 1, size), effects, nowMs)) {
    intake.messages++;
    intake.bytes += size;
    session.expirySearch.kept(reader.expiresAtMs);
    return "take";
  }
  if (queuePolicy === "reject" && part.publisher !== "") {
    effects.refuse("queue-full", `topic ${reader.topic} from ${part.publisher}`);
    return "refuse";
  }
  effects.drop("queue-full", `topic ${reader.topic} from ${part.publisher || "the retained store"}`);
  return "drop";
}

function store(intake: Intake): void {
  const { session, effects, nowMs, bodies } = intake;
  const { connection, queue, window, limits } = session;
  const offered = connection !== undefined;
  // A session that ends with its connection owes nothing after it: only what has to wait is written.
  const inflightMax = Math.min(connection?.receiveMaximum ?? 0, limits.inflightMax);
  const goesAtOnce = window.next === queue.end && window.inflight + intake.messages <= inflightMax;
  // What does not fit, of a policy that takes it all, is about to be dropped.
  const isHeld =
    goesAtOnce && fits(intake, 0, 0) && !intake.needsRow && mayHold(session, intake.messages, intake.bytes);
  const isKept = !goesAtOnce || (session.record !== undefined && !isHeld);

  let pending: Uint8Array[] = [];
  let count = 0;
  let bytes = 0;
  let share: string | undefined;
  const append = () => {
    if (count === 0) return;
    // Of a share there is somebody to hand it back to, also for a session that ends with its connection.
    const stored = isKept || share !== undefined;
    const segment = queue.append(concatenate(pending), count, { offered, stored, next: window.next, atMs: nowMs });
    const origin = share === undefined ? undefined : { share, shard: intake.shard };
    if (isHeld) hold(session, segment, effects);
    else if (stored) putSegment(session, segment, origin, effects);
    pending = [];
    count = 0;
    bytes = 0;
  };
  for (const part of bodies) {
    if (bytes + part.body.length > segmentBytesMax || part.share !== share) append();
    share = part.share;
    pending.push(part.body);
    count += part.count;
    bytes += part.body.length;
  }
  append();
  if (limits.queuePolicy === "drop-oldest") dropOldest(session, effects);
  if (bodies.length > 0) fill(session, effects, nowMs);
}

/** Whether there is room for what has been taken in, and for so much more. */
function fits({ session, messages, bytes }: Intake, moreMessages: number, moreBytes: number): boolean {
  const { queueMessagesMax, queueBytesMax } = session.limits;
  const depth = queueDepth(session) + messages + moreMessages;
  return depth <= queueMessagesMax && session.queue.bytes + bytes + moreBytes <= queueBytesMax;
}

/**
 * Gives up messages, oldest first, until the queue is within its limits. What may have been begun stays: of QoS 2 its
 * client remembers the identifier.
 */
function dropOldest(session: Session, effects: Effects): void {
  const { window, queue, limits } = session;
  const excess = queueDepth(session) - limits.queueMessagesMax;
  if (excess <= 0 && queue.bytes <= limits.queueBytesMax) return;
  const begun = begunEnd(session);
  const last = window.gaps.at(-1);
  const first = Math.max(begun, last?.to ?? 0);
  // What was dropped before goes on growing, unless something begun lies in between.
  const from = last?.to === first ? last.from : first;
  let to = Math.min(queue.end, first + Math.max(0, excess));
  if (queue.bytes > limits.queueBytesMax) {
    let bytes = queue.bytes - window.gaps.reduce((sum, gap) => sum + bytesBetween(session, gap.from, gap.to), 0);
    bytes -= bytesBetween(session, first, to);
    while (to < queue.end && bytes > limits.queueBytesMax) bytes -= bytesBetween(session, to, ++to);
  }
  if (to <= first) return;
  effects.drop("queue-full", `topic ${queue.read(first)?.reader.topic}, the oldest`, to - first);
  drop(session, from, first, to, effects);
}

/** Gives up the messages from `first` to before `to`; those from `from` on were given up before. */
export function drop({ queue, window }: Session, from: number, first: number, to: number, effects: Effects): void {
  queue.drop(from, to);
  window.drop(first, to);
  effects.persist.push({ kind: "delete-segments-within", from, to });
  effects.windowChanged = true;
}

/** From here on nobody can have been handed anything. */
export function begunEnd({ window, queue, reads, leases, connection, exactBelow }: Session): number {
  const offeredEnd = reads.offeredEnd(exactBelow, connection?.offeredBelow ?? queue.end);
  return Math.max(window.next, window.dupBelow, offeredEnd, leases.end, window.touchedEnd);
}

/** Bytes of the messages at these positions, as far as their segments are still there. */
function bytesBetween({ queue }: Session, from: number, to: number): number {
  let bytes = 0;
  for (let position = queue.firstFrom(from); position < to; position = queue.firstFrom(position + 1)) {
    const found = queue.read(position);
    if (found !== undefined) bytes += found.reader.end - found.reader.start;
  }
  return bytes;
}

function cursorName(shard: number, { publisher, publisherGeneration }: DeliveryPart): string {
  return `${shard} ${publisherGeneration} ${publisher}`;
}

function sourceSequence(intake: Intake, part: DeliveryPart): number {
  const cursor = cursorName(intake.shard, part);
  const known = intake.session.sources.get(cursor);
  if (known !== undefined) return known;
  const { publisher, publisherGeneration } = part;
  const sequence = intake.session.reads.sourceSequence(publisher, publisherGeneration, intake.shard);
  if (intake.session.sources.size >= rememberedSourcesMax) intake.session.sources.clear();
  intake.session.sources.set(cursor, sequence);
  return sequence;
}

/** The kept records of a batch: the batch itself as long as all are, a copy from the first that is left out on. */
class Keeper {
  readonly #batch: Uint8Array;
  #prefixEnd = 0;
  #leftSome = false;
  #writer: RecordWriter | undefined;
  count = 0;

  constructor(batch: Uint8Array) {
    this.#batch = batch;
  }

  take(reader: RecordReader): void {
    this.count++;
    if (!this.#leftSome) {
      this.#prefixEnd = reader.end;
      return;
    }
    this.#writer ??= new RecordWriter();
    this.#writer.appendCopy(reader);
  }

  leave(): void {
    this.#leftSome = true;
  }

  body(): Uint8Array {
    const prefix = this.#batch.subarray(0, this.#prefixEnd);
    return this.#writer === undefined ? prefix : concatenate([prefix, this.#writer.take()]);
  }
}
