// Requests to publish that may come again, such as those over HTTP under an Idempotency-Key: what became of each of their
// messages is a row, written with what it is about. A request that comes again gets that answer; messages of it that were
// refused are tried anew. Its messages are numbered, so that a session that took them before a crash cut the first
// attempt short knows them, at QoS 1 too. After its time it is a new request: see src/hop/request-numbers.ts.

import { firstNumber, isForgotten, numbersLeft } from "../hop/request-numbers.ts";
import { RecordReader, RecordWriter } from "../queue/record.ts";
import type { ShardChange } from "./changes.ts";
import type { Outcome } from "./outcome.ts";

export interface StoredRequest {
  /** Number of the first message that is published next. */
  readonly nextSequence: number;
  readonly outcomes: readonly Outcome[];
}

export interface RequestReads {
  request(id: string): StoredRequest | undefined;
}

export class RememberedRequest {
  readonly #id: string;
  readonly #before: StoredRequest | undefined;
  /** Number of the first message of this attempt. */
  readonly #first: number;
  /** Of each record in `body` its index in the request. */
  readonly #indexes: number[] = [];
  /** What is to be published, numbered. */
  readonly body: Uint8Array;

  constructor(reads: RequestReads, id: string, body: Uint8Array, nowMs: number) {
    this.#id = id;
    const stored = reads.request(id);
    this.#before = stored !== undefined && isForgotten(stored.nextSequence, nowMs) ? undefined : stored;
    this.#first = this.#before?.nextSequence ?? firstNumber(nowMs);
    const writer = new RecordWriter();
    const reader = new RecordReader(body);
    const numbers = numbersLeft(this.#first);
    for (let index = 0; reader.next(); index++) {
      const known = this.#before?.outcomes[index];
      // What has no number any more stays refused.
      if ((known !== undefined && known.refused === undefined) || this.#indexes.length === numbers) continue;
      const { qos, retain, expiresAtMs, topicBytes, properties, payload } = reader;
      const sequence = qos === 0 ? 0 : this.#first + this.#indexes.length;
      writer.append({ qos, retain, sequence, expiresAtMs, topicBytes, properties, payload });
      this.#indexes.push(index);
    }
    this.body = writer.take();
  }

  /** What became of all of it before, if nothing is left to be done. */
  get answer(): readonly Outcome[] | undefined {
    return this.#indexes.length === 0 ? this.#before?.outcomes : undefined;
  }

  /** To be written with what the messages led to. */
  settle(outcomes: readonly Outcome[], nowMs: number): { change: ShardChange; outcomes: readonly Outcome[] } {
    const all = [...(this.#before?.outcomes ?? [])];
    for (const [record, index] of this.#indexes.entries()) all[index] = outcomes[record] as Outcome;
    const nextSequence = this.#first + this.#indexes.length;
    const request = { nextSequence, outcomes: all };
    return { change: { kind: "put-request", id: this.#id, request, atMs: nowMs }, outcomes: all };
  }
}
