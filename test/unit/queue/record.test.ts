// Records: what goes in comes out, forwarded and stamped, and what is cut short is noticed.

import { expect, test } from "vitest";
import { EMPTY_BYTES, type QoS } from "../../../src/protocol/packet.ts";
import { concatenate, RecordReader, RecordWriter, type RoutedMessage, stamped } from "../../../src/queue/record.ts";
import { records, recordTexts, utf8 } from "../../support/records.ts";

const largest = 2 ** 48 - 1;

function read(reader: RecordReader): RoutedMessage & { identifiers: readonly number[] } {
  const { qos, retain, sequence, expiresAtMs, topicBytes, properties, payload, identifiers } = reader;
  return { qos, retain, sequence, expiresAtMs, topicBytes, properties, payload, identifiers };
}

const combinations: RoutedMessage[] = [];
for (const qos of [0, 1, 2] as QoS[]) {
  for (const retain of [false, true]) {
    for (const sequence of [0, 1, 2 ** 32, largest]) {
      for (const expiresAtMs of [0, 1_700_000_000_000, largest]) {
        for (const properties of [EMPTY_BYTES, Uint8Array.of(1, 1)]) {
          for (const payload of [EMPTY_BYTES, utf8("payload")]) {
            combinations.push({ qos, retain, sequence, expiresAtMs, topicBytes: utf8("a/é/😀"), properties, payload });
          }
        }
      }
    }
  }
}

test("every combination of flags comes out as it went in, out of one batch", () => {
  const writer = new RecordWriter();
  for (const message of combinations) writer.append(message);
  expect(writer.count).toBe(combinations.length);
  const reader = new RecordReader(writer.take());
  for (const message of combinations) {
    expect(reader.next()).toBe(true);
    expect(read(reader)).toEqual({ ...message, identifiers: [] });
    expect(reader.topic).toBe("a/é/😀");
    expect(reader.payloadLength).toBe(message.payload.length);
  }
  expect(reader.next()).toBe(false);
  expect([writer.count, writer.byteLength]).toEqual([0, 0]);
});

test("every combination is forwarded with another QoS, RETAIN and identifiers; only QoS 2 keeps its sequence", () => {
  const identifiers = [1, 268_435_455];
  const source = new RecordWriter();
  for (const message of combinations) source.append(message);
  const reader = new RecordReader(source.take());
  for (const message of combinations) {
    reader.next();
    for (const qos of [0, 1, 2] as QoS[]) {
      for (const terms of [[], identifiers]) {
        const writer = new RecordWriter();
        writer.appendForwarded(reader, qos, !message.retain, terms);
        writer.appendForwarded(reader, qos, message.retain, []);
        const forwarded = new RecordReader(writer.take());
        forwarded.next();
        const sequence = qos === 2 ? message.sequence : 0;
        expect(read(forwarded)).toEqual({ ...message, qos, retain: !message.retain, sequence, identifiers: terms });
        expect(forwarded.next()).toBe(true);
        expect(forwarded.next()).toBe(false);
      }
    }
  }
});

test("identifiers of a forwarded record are replaced when it is forwarded again", () => {
  const first = new RecordReader(records("a:1 q1"));
  first.next();
  const writer = new RecordWriter();
  writer.appendForwarded(first, 1, false, [7, 8]);
  const second = new RecordReader(writer.take());
  second.next();
  writer.appendForwarded(second, 1, false, [9]);
  writer.appendCopy(second);
  expect(recordTexts(writer.take())).toEqual(["a:1 q1 ids=9", "a:1 q1 ids=7,8"]);
});

test("a stamped record has another sequence and expiry, and is otherwise the same", () => {
  for (const message of combinations) {
    const writer = new RecordWriter();
    writer.append(message);
    const reader = new RecordReader(stamped(writer.take(), largest, 5));
    reader.next();
    expect(read(reader)).toEqual({ ...message, sequence: largest, expiresAtMs: 5, identifiers: [] });
  }
});

test("a record of some megabytes, behind a small one", () => {
  const payload = new Uint8Array(3_000_000).fill(7);
  const writer = new RecordWriter();
  writer.append({
    qos: 1,
    retain: false,
    sequence: 0,
    expiresAtMs: 0,
    topicBytes: utf8("a"),
    properties: EMPTY_BYTES,
    payload: EMPTY_BYTES,
  });
  writer.append({
    qos: 1,
    retain: false,
    sequence: 0,
    expiresAtMs: 0,
    topicBytes: utf8("t".repeat(65_535)),
    properties: new Uint8Array(70_000),
    payload,
  });
  const reader = new RecordReader(writer.take());
  reader.next();
  reader.next();
  expect(reader.topic.length).toBe(65_535);
  expect(reader.properties.length).toBe(70_000);
  expect(reader.payload).toEqual(payload);
});

test("what a writer gave away does not change when it goes on", () => {
  const writer = new RecordWriter();
  const append = (payload: string) =>
    writer.append({
      qos: 0,
      retain: false,
      sequence: 0,
      expiresAtMs: 0,
      topicBytes: utf8("a"),
      properties: EMPTY_BYTES,
      payload: utf8(payload),
    });
  append("1");
  const first = writer.take();
  append("2");
  writer.take();
  expect(recordTexts(first)).toEqual(["a:1 q0"]);
});

test("topics that follow each other are told apart, also when one begins like the other", () => {
  expect(recordTexts(records("ab:1", "ab:2", "a:3", "abc:4", "abd:5"))).toEqual([
    "ab:1 q0",
    "ab:2 q0",
    "a:3 q0",
    "abc:4 q0",
    "abd:5 q0",
  ]);
});

test("a reader can begin in the middle, and batches can be joined", () => {
  const [one, two] = [records("a:1 q1"), records("b:2 q2 seq=9")];
  const joined = concatenate([one, two]);
  expect(recordTexts(joined)).toEqual(["a:1 q1", "b:2 q2 seq=9"]);
  const reader = new RecordReader(joined, one.length);
  reader.next();
  expect([reader.topic, reader.start, reader.end]).toEqual(["b", one.length, joined.length]);
  expect(concatenate([one])).toBe(one);
});

test("a batch that was cut short anywhere is noticed", () => {
  const whole = records("topic:payload q2 seq=5 exp=9", "b:2 q1");
  for (let length = 1; length < whole.length; length++) {
    const reader = new RecordReader(whole.subarray(0, length));
    const walk = () => {
      for (let count = 0; count < 3; count++) if (!reader.next()) return "whole";
      return "endless";
    };
    if (length === records("topic:payload q2 seq=5 exp=9").length) expect(walk()).toBe("whole");
    else expect(walk, `${length} bytes`).toThrow(RangeError);
  }
});

test.each([
  ["of the topic", (bytes: Uint8Array) => bytes.fill(0xff, 5, 7)],
  ["of the record", (bytes: Uint8Array) => bytes.fill(0xff, 0, 4)],
  ["of a record that has no room for its fields", (bytes: Uint8Array) => bytes.fill(0, 0, 4)],
])("a wrong length %s is noticed", (_, corrupt) => {
  const bytes = records("topic:payload q1", "b:2 q1");
  corrupt(bytes);
  const reader = new RecordReader(bytes);
  expect(() => {
    for (let count = 0; count < 10 && reader.next(); count++);
  }).toThrow(RangeError);
});
