// Divides the messages of a row among members.

import { RecordReader, RecordWriter } from "../queue/record.ts";
import type { GroupRow } from "./changes.ts";
import type { GroupMember } from "./members.ts";

/**
 * What a member gets of a row. A member tells how many records it has taken, from the first on, and of QoS 1 it does not
 * know which it took before: no message of QoS 2 may stand behind one, so a portion has messages of QoS 2 alone, or none.
 */
export interface Portion extends Part {
  readonly member: GroupMember;
}

export interface Part {
  /** Where in the row the first of it was. */
  readonly offset: number;
  readonly count: number;
  readonly body: Uint8Array;
}

export interface Division {
  readonly portions: readonly Portion[];
  /** What is for nobody yet. */
  readonly rest: Part;
  /** What is for nobody any more; of which topic the first. */
  readonly expired: { readonly count: number; readonly bytes: number; readonly topic: string };
}

export function divide(row: GroupRow, deal: (topic: string) => GroupMember | undefined, nowMs: number): Division {
  const portions = new Map<GroupMember, { readonly atLeastOnce: PartWriter; readonly exactlyOnce: PartWriter }>();
  const rest = new PartWriter();
  const expired = { count: 0, bytes: 0, topic: "" };
  const reader = new RecordReader(row.body);
  for (let offset = 0; reader.next(); offset++) {
    if (reader.expiresAtMs > 0 && reader.expiresAtMs <= nowMs) {
      if (expired.count++ === 0) expired.topic = reader.topic;
      expired.bytes += reader.end - reader.start;
      continue;
    }
    const member = deal(reader.topic);
    if (member === undefined) {
      rest.append(reader, offset);
      continue;
    }
    const portion = portions.get(member) ?? { atLeastOnce: new PartWriter(), exactlyOnce: new PartWriter() };
    portions.set(member, portion);
    (reader.qos === 2 ? portion.exactlyOnce : portion.atLeastOnce).append(reader, offset);
  }
  const parts = Array.from(portions, ([member, { atLeastOnce, exactlyOnce }]) =>
    [atLeastOnce.take(), exactlyOnce.take()].filter(({ count }) => count > 0).map((part) => ({ member, ...part })),
  );
  return { portions: parts.flat(), rest: rest.take(), expired };
}

class PartWriter {
  readonly #writer = new RecordWriter();
  #offset = 0;

  append(reader: RecordReader, offset: number): void {
    if (this.#writer.count === 0) this.#offset = offset;
    this.#writer.appendCopy(reader);
  }

  take(): Part {
    const { count } = this.#writer;
    return { offset: this.#offset, count, body: this.#writer.take() };
  }
}
