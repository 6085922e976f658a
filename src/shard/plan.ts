// From a batch of published messages to what each session gets and what is retained. A batch that goes to many sessions
// on the same terms is encoded once.

import type { QoS } from "../protocol/packet.ts";
import { RecordReader, RecordWriter } from "../queue/record.ts";
import { topicKey } from "../topic/key.ts";
import type { ShardChange } from "./changes.ts";
import type { Routes, Target, Terms } from "./routes.ts";

export interface Delivery {
  readonly session: string;
  readonly generation: number;
  readonly body: Uint8Array;
  /** Records in `body`. */
  readonly count: number;
  /** For each record of `body` its index in the batch; undefined when they are the same. */
  readonly indexes: readonly number[] | undefined;
  /** Whether any record is of QoS 1 or 2. */
  readonly guaranteed: boolean;
}

export interface Plan {
  readonly deliveries: readonly Delivery[];
  readonly changes: readonly ShardChange[];
}

interface Batch {
  readonly publisher: string;
  readonly body: Uint8Array;
  /** QoS 2 messages up to here were routed before: they are left out. Asked only if there are any. */
  readonly routedUpTo: () => number;
  /** An earlier attempt may have been routed: QoS 0 messages are left out. */
  readonly repeated: boolean;
}

export function plan(routes: Routes, batch: Batch): Plan {
  const reader = new RecordReader(batch.body);
  const changes: ShardChange[] = [];
  const groups: Group[] = [];
  let routedUpTo: number | undefined;
  let count = 0;
  for (let index = 0; reader.next(); index++, count++) {
    if (reader.sequence > 0) {
      routedUpTo ??= batch.routedUpTo();
      if (reader.sequence <= routedUpTo) continue;
    }
    if (reader.qos === 0 && batch.repeated) continue;
    if (reader.retain) changes.push(retain(reader));
    const targets = routes.targets(reader.topic);
    // Runs of messages with the same targets share their encoding; a remembered topic gives the same array again.
    let group = groups.at(-1);
    if (group?.targets !== targets) {
      group = groups.find((known) => known.targets === targets);
      if (group === undefined) {
        group = { targets, indexes: [], starts: [] };
        groups.push(group);
      }
    }
    group.indexes.push(index);
    group.starts.push(reader.start);
  }
  const only = groups.length === 1 ? groups[0] : undefined;
  const deliveries =
    only !== undefined && only.indexes.length === count
      ? planForAll(batch, only.targets, count)
      : planForEach(batch, groups);
  return { deliveries, changes };
}

interface Group {
  readonly targets: readonly Target[];
  readonly indexes: number[];
  readonly starts: number[];
}

/** Every message of the batch has the same targets: the common case. */
function planForAll(batch: Batch, targets: readonly Target[], count: number): Delivery[] {
  const encoded = new Map<string, { body: Uint8Array; guaranteed: boolean }>();
  const deliveries: Delivery[] = [];
  for (const target of targets) {
    const terms = target.session === batch.publisher ? target.own : target.others;
    if (terms === undefined) continue;
    const name = `${terms.qos} ${terms.retainAsPublished} ${terms.identifiers.join()}`;
    let shared = encoded.get(name);
    if (shared === undefined) {
      shared = onTerms(batch.body, terms);
      encoded.set(name, shared);
    }
    const { session, generation } = target;
    deliveries.push({ session, generation, count, indexes: undefined, ...shared });
  }
  return deliveries;
}

/** The batch on one subscription's terms: itself, if no byte would differ. */
function onTerms(body: Uint8Array, terms: Terms): { body: Uint8Array; guaranteed: boolean } {
  const reader = new RecordReader(body);
  let same = terms.identifiers.length === 0;
  let guaranteed = false;
  while (reader.next()) {
    if (reader.qos > terms.qos || (reader.retain && !terms.retainAsPublished)) same = false;
    if (reader.qos > 0 && terms.qos > 0) guaranteed = true;
  }
  if (same) return { body, guaranteed };
  const writer = new RecordWriter();
  const again = new RecordReader(body);
  while (again.next()) appendOnTerms(writer, again, terms);
  return { body: writer.take(), guaranteed };
}

function appendOnTerms(writer: RecordWriter, reader: RecordReader, terms: Terms): QoS {
  // [MQTT-3.8.4-8] [MQTT-3.3.1-12] [MQTT-3.3.1-13]
  const qos = Math.min(reader.qos, terms.qos) as QoS;
  writer.appendForwarded(reader, qos, reader.retain && terms.retainAsPublished, terms.identifiers);
  return qos;
}

interface Building {
  readonly target: Target;
  readonly writer: RecordWriter;
  readonly indexes: number[];
  guaranteed: boolean;
}

function planForEach(batch: Batch, groups: readonly Group[]): Delivery[] {
  const buildings = new Map<string, Building>();
  const targetsOf: (readonly Target[])[] = [];
  for (const { targets, indexes } of groups) for (const index of indexes) targetsOf[index] = targets;

  const reader = new RecordReader(batch.body);
  for (let index = 0; reader.next(); index++) {
    for (const target of targetsOf[index] ?? []) {
      const terms = target.session === batch.publisher ? target.own : target.others;
      if (terms === undefined) continue;
      // Routes of an earlier session of this client id may still stand: each generation answers for itself.
      const name = `${target.generation} ${target.session}`;
      let building = buildings.get(name);
      if (building === undefined) {
        building = { target, writer: new RecordWriter(), indexes: [], guaranteed: false };
        buildings.set(name, building);
      }
      if (appendOnTerms(building.writer, reader, terms) > 0) building.guaranteed = true;
      building.indexes.push(index);
    }
  }
  return Array.from(buildings.values(), ({ target, writer, indexes, guaranteed }) => ({
    session: target.session,
    generation: target.generation,
    body: writer.take(),
    count: indexes.length,
    indexes,
    guaranteed,
  }));
}

/** RETAIN 1 replaces the topic's retained message; an empty payload removes it [MQTT-3.3.1-5] [MQTT-3.3.1-6]. */
function retain(reader: RecordReader): ShardChange {
  const key = topicKey(reader.topic);
  if (reader.payloadLength === 0) return { kind: "delete-retained", key };
  const { qos, expiresAtMs, topicBytes, properties, payload } = reader;
  const writer = new RecordWriter();
  writer.append({ qos, retain: true, sequence: 0, expiresAtMs, topicBytes, properties, payload });
  return { kind: "put-retained", key, body: writer.take() };
}
