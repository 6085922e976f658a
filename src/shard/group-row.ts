// What is done to the rows of a group: batches become rows, rows lose records, and are put on a member's terms.

import type { QoS } from "../protocol/packet.ts";
import { RecordReader, RecordWriter } from "../queue/record.ts";
import type { Assignment, GroupRow, GroupRowKey, Member } from "./changes.ts";

/**
 * A row is written anew when some of its messages are assigned and others are not. So it does not become large, unless it
 * has to hold a single message that is.
 */
const rowBytesMax = 128 * 1024;

/** A batch in pieces of the size of a row. */
export function* inPieces(body: Uint8Array): Generator<Pick<GroupRow, "count" | "body">> {
  let start = 0;
  let end = 0;
  let count = 0;
  for (const reader = new RecordReader(body); reader.next(); count++) {
    if (count > 0 && reader.end - start > rowBytesMax) {
      yield { count, body: body.subarray(start, end) };
      start = end;
      count = 0;
    }
    end = reader.end;
  }
  if (count > 0) yield { count, body: body.subarray(start, end) };
}

export function keyOf({ share, rank, id }: GroupRow): GroupRowKey {
  return { share, rank, id };
}

export function unassigned(row: GroupRow): GroupRow {
  return { ...row, assigned: undefined };
}

/** Records without so many of the first. */
export function behind(body: Uint8Array, count: number): Uint8Array {
  const reader = new RecordReader(body);
  for (let record = 0; record < count; record++) reader.next();
  return body.subarray(reader.end);
}

/** The row without its first records: itself if there are none to go without. */
export function without(row: GroupRow, count: number): GroupRow {
  if (count === 0) return row;
  const { assigned } = row;
  return {
    ...row,
    count: row.count - count,
    body: behind(row.body, count),
    assigned: assigned && { ...assigned, sequence: assigned.sequence + count },
  };
}

type Terms = Pick<Member, "qos" | "retainAsPublished" | "identifier"> & Partial<Pick<Assignment, "sequence">>;

/** [MQTT-4.8.2-3] On the member's own QoS and identifier, whatever the others have; numbered from `sequence` on. */
export function onTerms(body: Uint8Array, { qos, retainAsPublished, identifier, sequence = 0 }: Terms): Uint8Array {
  const writer = new RecordWriter();
  const reader = new RecordReader(body);
  const identifiers = identifier > 0 ? [identifier] : [];
  for (let next = sequence; reader.next(); next++) {
    const granted = Math.min(reader.qos, qos) as QoS;
    writer.appendForwarded(reader, granted, reader.retain && retainAsPublished, identifiers, next);
  }
  return writer.take();
}

/** Whether whom a row is assigned to takes its messages exactly once: all of them or none, see Portion. */
export function isExactlyOnce({ assigned, body }: GroupRow): boolean {
  const reader = new RecordReader(body);
  return assigned?.qos === 2 && reader.next() && reader.qos === 2;
}
