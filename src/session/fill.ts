// Sends what the window allows, in the order of the queue, and lets go of what is finished.

import type { OutPublish, QoS } from "../protocol/packet.ts";
import { ReasonCode } from "../protocol/reason.ts";
import type { RecordReader } from "../queue/record.ts";
import { Progress } from "../queue/window.ts";
import type { Effects } from "./effects.ts";
import type { Connection, Session } from "./state.ts";

/** Sent in one step at most; the acknowledgements of these bring the next. Bounds the frame and the memory it takes. */
const stepBytesMax = 2 * 1024 * 1024;
/** Positions that one row declares as possibly sent ahead of sending them. */
const reservedAhead = 4_096;

export function fill(session: Session, effects: Effects, nowMs: number): void {
  const { connection, window, queue, limits } = session;
  if (connection !== undefined) {
    const inflightMax = Math.min(connection.receiveMaximum, limits.inflightMax);
    let bytes = 0;
    while (window.next < queue.end && window.inflight < inflightMax && !window.spanIsFull && bytes < stepBytesMax) {
      bytes += advance(session, connection, effects, nowMs);
    }
    queue.sent(window.next);
  }
  // Rows of finished segments go as a whole; within a segment the window knows what is finished.
  if (queue.release(window.head)) effects.persist.push({ kind: "delete-segments", below: window.head });
}

/** Sends, resends or skips the message at `next`; how many bytes it took. */
function advance(session: Session, connection: Connection, effects: Effects, nowMs: number): number {
  const { window, queue } = session;
  const position = window.next;
  const progress = window.progressAt(position);
  if (progress === Progress.done) {
    window.skip();
    return 0;
  }
  if (progress === Progress.released) {
    effects.send.push({ type: "pubrel", packetId: window.packetIdAt(position), reason: ReasonCode.success });
    window.sendRelease();
    return 4;
  }
  const found = queue.read(position);
  if (found === undefined) {
    window.skip();
    return 0;
  }

  const { reader } = found;
  // Ahead of the exact part, a segment stored under a connection may have been sent by it before it broke.
  const offered = found.offered && position >= session.exactBelow;
  const dup = position < window.dupBelow || (offered && position < connection.offeredBelow);
  // An expired message goes unsent, unless its delivery has begun [MQTT-3.3.2-5] [MQTT-4.3.3-7].
  if (!dup && isExpired(reader, nowMs)) {
    effects.drop("expired", reader.topic);
    window.skip();
    return 0;
  }
  const packet = publishPacket(reader, connection, window.packetIdAt(position), dup, nowMs);
  const bytes = packetBytes(packet, connection);
  if (bytes > connection.maximumPacketBytes) {
    effects.drop("packet-too-large", reader.topic);
    window.skip();
    return 0;
  }
  if (!offered && session.record !== undefined && position >= session.durableDupBelow) {
    putWindow(session, effects, position + reservedAhead);
  }
  window.send(reader.qos);
  effects.send.push(packet);
  return bytes;
}

/** A QoS 0 message goes out at once or not at all. */
export function sendQos0(reader: RecordReader, connection: Connection, effects: Effects, nowMs: number): void {
  if (isExpired(reader, nowMs)) return effects.drop("expired", reader.topic);
  const packet = publishPacket(reader, connection, 0, false, nowMs);
  // [MQTT-3.1.2-24] [MQTT-3.1.2-25]
  if (packetBytes(packet, connection) > connection.maximumPacketBytes) {
    return effects.drop("packet-too-large", reader.topic);
  }
  effects.send.push(packet);
}

/** The window's row, written once in a step however often it changes in it. */
export function putWindow(session: Session, effects: Effects, dupBelow: number): void {
  session.durableDupBelow = Math.max(session.durableDupBelow, dupBelow);
  effects.windowChanged = true;
}

function isExpired(reader: RecordReader, nowMs: number): boolean {
  return reader.expiresAtMs > 0 && reader.expiresAtMs <= nowMs;
}

function publishPacket(
  reader: RecordReader,
  connection: Connection,
  packetId: number,
  dup: boolean,
  nowMs: number,
): OutPublish {
  const isFive = connection.version === 5;
  const packet = {
    type: "publish" as const,
    qos: reader.qos as QoS,
    retain: reader.retain,
    dup,
    packetId,
    topicBytes: reader.topicBytes,
    topicAlias: 0,
    subscriptionIds: isFive ? reader.identifiers : [],
    properties: reader.properties,
    payload: reader.payload,
  };
  if (!isFive || reader.expiresAtMs === 0) return packet;
  // The received interval less the time waited [MQTT-3.3.2-6].
  return { ...packet, messageExpirySeconds: Math.max(0, Math.ceil((reader.expiresAtMs - nowMs) / 1000)) };
}

/** An upper bound of the encoded size: exact but for up to 4 bytes of length fields. */
function packetBytes(packet: OutPublish, connection: Connection): number {
  const properties =
    connection.version === 5
      ? packet.properties.length +
        packet.subscriptionIds.length * 5 +
        (packet.messageExpirySeconds === undefined ? 0 : 5) +
        4
      : 0;
  return 5 + 2 + packet.topicBytes.length + 2 + properties + packet.payload.length;
}
