// What is done to the rows of a group: they lose records, and are put on a member's terms.

import type { QoS } from "../protocol/packet.ts";
import { RecordReader, RecordWriter } from "../queue/record.ts";
import type { GroupRow, GroupRowKey, Member } from "./changes.ts";

export function keyOf({ share, rank, id }: GroupRow): GroupRowKey {
  return { share, rank, id };
}

export function unassigned(row: GroupRow): GroupRow {
  return { ...row, assigned: undefined };
}

/** The row without its first records. */
export function without(row: GroupRow, count: number): GroupRow {
  if (count === 0) return row;
  if (count >= row.count) return { ...row, count: 0, body: new Uint8Array(0) };
  const reader = new RecordReader(row.body);
  for (let record = 0; record < count; record++) reader.next();
  const { assigned } = row;
  return {
    ...row,
    count: row.count - count,
    body: row.body.slice(reader.end),
    assigned: assigned && { ...assigned, sequence: assigned.sequence + count },
  };
}

/** [MQTT-4.8.2-3] On the member's own QoS and identifier, whatever the others have; numbered from `sequence` on. */
export function onTerms(body: Uint8Array, { qos, retainAsPublished, identifier }: Member, sequence = 0): Uint8Array {
  const writer = new RecordWriter();
  const reader = new RecordReader(body);
  const identifiers = identifier > 0 ? [identifier] : [];
  for (let next = sequence; reader.next(); next++) {
    const granted = Math.min(reader.qos, qos) as QoS;
    writer.appendForwarded(reader, granted, reader.retain && retainAsPublished, identifiers, next);
  }
  return writer.take();
}

/** The row without its messages of QoS 2. */
export function withoutQos2(row: GroupRow): GroupRow {
  const kept = new RecordWriter();
  for (const reader = new RecordReader(row.body); reader.next(); ) if (reader.qos < 2) kept.appendCopy(reader);
  const { count } = kept;
  return { ...row, count, body: kept.take() };
}
