// A room of the soak: one publisher with a will, a consumer that keeps its session, two that share a subscription, and a
// guest who is somebody new at each visit. The room's kind decides what is published: QoS 0, 1, 2, or retained values.

import type { Version } from "../kill/connection.ts";
import { Consumer } from "../kill/consumer.ts";
import { Publisher } from "../kill/publisher.ts";
import type { Received } from "../kill/receiver.ts";
import { type RetainedStream, wrongTopics } from "../kill/retained.ts";
import { type Delivery, readPayload } from "../kill/streams.ts";
import { judgeWills } from "../kill/verdict.ts";
import type { WillLife } from "../kill/will-client.ts";
import { Reception } from "./reception.ts";

export interface RoomOptions {
  readonly url: string;
  readonly version: Version;
  readonly run: string;
  readonly number: number;
}

/** Somebody who comes and goes. */
export interface Visitor {
  readonly isConnected: boolean;
  come(): void;
  /** With or without saying DISCONNECT. */
  go(isOrderly: boolean): void;
}

export interface RoomFaults {
  lost: number;
  repeatedAtQualityTwo: number;
  outOfOrder: number;
  sessionsForgotten: number;
  retainedWrong: number;
  willsLost: number;
  willsRepeated: number;
  willsUncalledFor: number;
}

export interface RoomCounts {
  acknowledged: number;
  published: number;
  delivered: number;
  visits: number;
  wills: number;
}

const retainedTopics = 5;
const window = 32;
/** A guest who left earlier may not have got all retained values yet. */
const retainedReadMs = 3_000;

/** How many clients a room has at a time. */
export const clientsInRoom = 5;

export class Room {
  readonly #options: RoomOptions;
  readonly #quality: 0 | 1 | 2;
  readonly #retained: RetainedStream | undefined;
  readonly #stream: string;
  readonly #prefix: string;
  readonly publisher: Publisher;
  readonly #resident: Consumer;
  readonly #sharers: readonly Consumer[];
  #guest: Consumer | undefined;
  #endVisit: () => void = () => {};
  readonly #residentHas = new Reception(0);
  readonly #sharersHave = new Reception(0);
  readonly #willLives: WillLife[] = [];
  readonly #willDeliveries: Delivery[] = [];
  readonly #faultsOfGuests = { lost: 0, repeatedAtQualityTwo: 0, outOfOrder: 0, retainedWrong: 0 };
  readonly #counts = { delivered: 0, visits: 0 };
  readonly visitors: readonly Visitor[];

  constructor(options: RoomOptions) {
    const { url, version, run, number } = options;
    this.#options = options;
    const kind = number % 4;
    this.#quality = kind === 3 ? 1 : (kind as 0 | 1 | 2);
    this.#stream = `stream-${run}-${number}`;
    this.#prefix = `soak-${run}/${number}`;
    const data = `${this.#prefix}/data`;
    this.#retained =
      kind === 3
        ? {
            topics: Array.from({ length: retainedTopics }, (_unused, index) => `${data}/${index}`),
            clears: (sequence) => Math.floor(sequence / retainedTopics) % 3 === 1,
          }
        : undefined;
    const client = { url, version, keepsSession: true };
    const { topics = [data], clears } = this.#retained ?? {};
    this.publisher = new Publisher({
      ...client,
      clientId: `publisher-${run}-${number}`,
      stream: this.#stream,
      quality: this.#quality,
      topicOf: (sequence) => topics[sequence % topics.length] as string,
      clears,
      messages: Number.POSITIVE_INFINITY,
      window,
      will: () => this.#nextWill(),
    });
    this.#resident = new Consumer({
      ...client,
      clientId: `resident-${run}-${number}`,
      filters: [`${data}/#`, `${this.#prefix}/will`],
      onMessage: (message) => this.#residentReceives(message),
    });
    this.#sharers = [0, 1].map(
      (index) =>
        new Consumer({
          ...client,
          clientId: `sharer${index}-${run}-${number}`,
          filters: [`$share/sharers/${data}/#`],
          onMessage: (message) => this.#note(message, this.#sharersHave),
        }),
    );
    this.visitors = [
      this.#publisherAsVisitor(),
      ...[this.#resident, ...this.#sharers].map(visitorOf),
      this.#guestAsVisitor(),
    ];
  }

  /** The lasting subscriptions must be there before anything is published. */
  get isReady(): boolean {
    return [this.#resident, ...this.#sharers].every((consumer) => consumer.isSubscribed);
  }

  subscribe(): void {
    for (const consumer of [this.#resident, ...this.#sharers]) consumer.start();
  }

  /** Everybody stays, to get what is still owed; the guest goes. */
  gather(): void {
    this.#guestGoes(true);
    this.subscribe();
    this.publisher.start();
  }

  /** Everything that is owed has come. */
  get isComplete(): boolean {
    return this.publisher.isIdle && this.#lost() + this.#wills().lost === 0;
  }

  counts(): RoomCounts {
    const { delivered, visits } = this.#counts;
    const { publisher } = this;
    return {
      acknowledged: publisher.acknowledged.size,
      published: publisher.sent,
      delivered,
      visits,
      wills: this.#wills().owed,
    };
  }

  faults(): RoomFaults {
    const guests = this.#faultsOfGuests;
    const wills = this.#wills();
    const lasting = [this.#residentHas, this.#sharersHave];
    const repeated = lasting.reduce((sum, { repeated }) => sum + repeated, 0);
    return {
      lost: this.#lost() + guests.lost,
      repeatedAtQualityTwo: guests.repeatedAtQualityTwo + (this.#quality === 1 ? 0 : repeated),
      outOfOrder: this.#residentHas.outOfOrder + guests.outOfOrder,
      sessionsForgotten: [this.publisher, this.#resident, ...this.#sharers].reduce(
        (sum, { sessionsForgotten }) => sum + sessionsForgotten,
        0,
      ),
      retainedWrong: guests.retainedWrong,
      willsLost: wills.lost,
      willsRepeated: wills.repeated,
      willsUncalledFor: wills.uncalledFor,
    };
  }

  stop(): void {
    for (const party of [this.publisher, this.#resident, ...this.#sharers]) party.stop();
    this.#guest?.stop();
  }

  readonly #isOwed = (sequence: number): boolean =>
    this.publisher.acknowledged.has(sequence) && this.#retained?.clears(sequence) !== true;

  /** Nothing is owed at QoS 0: nothing is acknowledged. */
  #lost(): number {
    const end = this.publisher.sent;
    return this.#residentHas.missing(end, this.#isOwed) + this.#sharersHave.missing(end, this.#isOwed);
  }

  #wills() {
    return judgeWills([{ stream: "will", lives: this.#willLives }], this.#willDeliveries);
  }

  #residentReceives(message: Received): void {
    if (message.topic !== `${this.#prefix}/will`) return this.#note(message, this.#residentHas);
    const { sequence = -1 } = readPayload(message.payload) ?? {};
    this.#willDeliveries.push({ stream: "will", sequence, topic: message.topic, quality: message.quality });
  }

  #note({ payload, retain }: Received, reception: Reception): void {
    const message = readPayload(payload);
    if (message === undefined || retain) return;
    this.#counts.delivered += 1;
    reception.take(message.sequence);
  }

  #nextWill() {
    this.#willLives.push({ ending: "unsure" });
    const payload = `will:${this.#willLives.length - 1}`;
    return { topic: `${this.#prefix}/will`, payload, quality: 2 as const };
  }

  #publisherAsVisitor(): Visitor {
    const { publisher } = this;
    return {
      get isConnected() {
        return publisher.isUp;
      },
      come: () => publisher.start(),
      go: (isOrderly) => {
        const life = this.#willLives.at(-1);
        if (life !== undefined && publisher.isUp) life.ending = isOrderly ? "orderly" : "abnormal";
        if (isOrderly) publisher.leave();
        else publisher.stop();
      },
    };
  }

  #guestAsVisitor(): Visitor {
    const guest = () => this.#guest;
    return {
      get isConnected() {
        return guest()?.isUp === true;
      },
      come: () => this.#beginVisit(),
      go: (isOrderly) => this.#guestGoes(isOrderly),
    };
  }

  #beginVisit(): void {
    if (this.#guest !== undefined) return;
    const { url, version, run, number } = this.#options;
    this.#counts.visits += 1;
    const reception = new Reception();
    const shown = new Map<string, number>();
    let subscribedMs = Number.POSITIVE_INFINITY;
    let acknowledged = 0;
    this.#guest = new Consumer({
      url,
      version,
      keepsSession: false,
      clientId: `guest-${run}-${number}-${this.#counts.visits}`,
      filters: [`${this.#prefix}/data/#`],
      onMessage: (message) => {
        const { sequence } = readPayload(message.payload) ?? {};
        if (message.retain && sequence !== undefined) shown.set(message.topic, sequence);
        this.#note(message, reception);
      },
      onSubscribed: () => {
        subscribedMs = Date.now();
      },
    });
    acknowledged = this.publisher.contiguous;
    this.#endVisit = () => {
      const faults = this.#faultsOfGuests;
      faults.outOfOrder += reception.outOfOrder;
      if (this.#quality !== 1) faults.repeatedAtQualityTwo += reception.repeated;
      if (this.#quality > 0) faults.lost += reception.gaps(this.#isOwed);
      if (this.#retained === undefined || Date.now() - subscribedMs < retainedReadMs) return;
      faults.retainedWrong += wrongTopics(this.#retained, { acknowledged, sent: this.publisher.sent, shown }).length;
    };
    this.#guest.start();
  }

  #guestGoes(isOrderly: boolean): void {
    if (this.#guest === undefined) return;
    if (isOrderly) this.#guest.leave();
    else this.#guest.stop();
    this.#guest = undefined;
    this.#endVisit();
  }
}

function visitorOf(consumer: Consumer): Visitor {
  return {
    get isConnected() {
      return consumer.isUp;
    },
    come: () => consumer.start(),
    go: (isOrderly) => {
      if (isOrderly) consumer.leave();
      else consumer.stop();
    },
  };
}
