// Who takes part in a run with kills: publishers of plain, retained and delayed messages; an online consumer, one that is
// away until the end, a group that shares a subscription; clients with wills, and the witness of their wills.

import { randomBytes } from "node:crypto";
import type { Features } from "../brokers/broker.ts";
import type { Version } from "./connection.ts";
import { Consumer } from "./consumer.ts";
import { Publisher } from "./publisher.ts";
import type { Received } from "./receiver.ts";
import { type RetainedStream, readRetained, wrongTopics } from "./retained.ts";
import { type Delivery, readPayload } from "./streams.ts";
import { type Audience, type Evidence, judgeWills, type PublishedStream, total } from "./verdict.ts";
import { WillClient } from "./will-client.ts";

export interface WorkloadOptions {
  readonly url: string;
  readonly version: Version;
  readonly features: Features;
  /** Messages of each plain stream; the others have a quarter. */
  readonly messages: number;
  readonly window: number;
  readonly topics: number;
  readonly random: () => number;
  /** Which life of the broker this is; undefined from before a kill until it runs again. */
  readonly brokerLife: () => number | undefined;
  /** Called at each acknowledgement and each delivery. */
  readonly onProgress: () => void;
}

interface Listener {
  readonly name: string;
  readonly isGroup: boolean;
  readonly members: readonly Consumer[];
  readonly deliveries: Delivery[];
  /** Messages that came at least once. */
  readonly distinct: Set<string>;
}

const groupMembers = 3;
const willClients = 4;
const retainedTopics = 10;
const delaySeconds = 2;

export class Workload {
  readonly #options: WorkloadOptions;
  readonly #client: { readonly url: string; readonly version: Version; readonly keepsSession: true };
  readonly #run = randomBytes(4).toString("hex");
  readonly #retainedStream: RetainedStream;
  readonly #retainedPublisher: Publisher;
  readonly #retained = { looked: 0, wrong: 0 };
  /** Their messages are owed to every listener. */
  readonly streams: readonly Publisher[];
  readonly publishers: readonly Publisher[];
  readonly online: Listener;
  readonly offline: Listener;
  readonly group: Listener | undefined;
  readonly #witness: Listener;
  readonly #willClients: readonly WillClient[];

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#client = { url: options.url, version: options.version, keepsSession: true };
    const run = this.#run;
    const { messages, features } = options;
    // The topics differ in their first two levels, so that a broker that spreads topics over shards is hit in several.
    const filters = Array.from({ length: options.topics }, (_unused, index) => `kill-${run}/${index}/#`);
    const shared = filters.map((filter) => `$share/group-${run}/${filter}`);
    this.online = this.#listener("online", filters);
    this.offline = this.#listener("offline", filters);
    this.group = features.shared ? this.#listener("group", shared, groupMembers) : undefined;
    this.#witness = this.#listener("witness", [`wills-${run}/#`]);

    this.#retainedStream = {
      topics: Array.from({ length: retainedTopics }, (_unused, index) => `retained-${run}/${index}/value`),
      clears: (sequence) => Math.floor(sequence / retainedTopics) % 4 === 2,
    };
    const { topics, clears } = this.#retainedStream;
    const few = Math.ceil(messages / 4);
    this.#retainedPublisher = this.#publisher("retained", 1, few, (sequence) => at(topics, sequence), clears);
    const plainTopic = (stream: string, sequence: number) => `kill-${run}/${sequence % options.topics}/${stream}`;
    const kinds = [
      { kind: "plain", count: messages, prefix: "" },
      ...(features.delayed ? [{ kind: "delayed", count: few, prefix: `$delayed/${delaySeconds}/` }] : []),
    ];
    this.streams = kinds.flatMap(({ kind, count, prefix }) =>
      ([1, 2] as const).map((quality) => {
        const stream = `${kind}${quality}`;
        return this.#publisher(stream, quality, count, (sequence) => `${prefix}${plainTopic(stream, sequence)}`);
      }),
    );
    this.publishers = [...this.streams, this.#retainedPublisher];
    this.#willClients = Array.from({ length: willClients }, (_unused, index) => this.#willClient(index));
  }

  /** Everybody subscribes; then the offline consumer goes away. */
  subscribe(): void {
    for (const { members } of this.#listeners()) for (const member of members) member.start();
  }

  get isSubscribed(): boolean {
    return this.#listeners().every(({ members }) => members.every((member) => member.isSubscribed));
  }

  begin(): void {
    for (const member of this.offline.members) member.stop();
    for (const publisher of this.publishers) publisher.start();
    for (const client of this.#willClients) client.start();
  }

  /** Lets the publishers send this share of their messages. One member of the group is away for that time. */
  allow(part: number, parts: number): void {
    this.group?.members.forEach((member, index) => {
      if (index === part % groupMembers) member.stop();
      else member.start();
    });
    for (const publisher of this.publishers) {
      publisher.allowUpTo(Math.ceil((publisher.options.messages * part) / parts));
    }
  }

  /** Everybody is there, the offline consumer too; the clients with wills end. */
  gather(): void {
    for (const { members } of this.#listeners()) for (const member of members) member.start();
    for (const client of this.#willClients) client.finish();
  }

  get isPublished(): boolean {
    return this.publishers.every((publisher) => publisher.isDone);
  }

  /** Whether everything has come that is owed. */
  get isComplete(): boolean {
    if (!this.#willClients.every((client) => client.isOver)) return false;
    const owed = total(this.streams, (publisher) => publisher.acknowledged.size);
    if (this.#audiences().some(({ distinct }) => distinct.size < owed)) return false;
    return judgeWills(this.#willClients, this.#witness.deliveries).lost === 0;
  }

  /** Grows with every delivery. */
  get delivered(): number {
    return total(this.#listeners(), ({ deliveries }) => deliveries.length);
  }

  get resent(): number {
    return total(this.publishers, (publisher) => publisher.resent);
  }

  get state(): string {
    return this.publishers.map((publisher) => publisher.state).join("; ");
  }

  /** Every consumer, to be reconnected once more at the end: what the broker believes unfinished would come again. */
  get consumers(): readonly Consumer[] {
    return this.#listeners().flatMap(({ members }) => members);
  }

  async lookAtRetained(): Promise<void> {
    const filter = `retained-${this.#run}/#`;
    const snapshot = await readRetained(this.#client, filter, this.#retainedStream, this.#retainedPublisher);
    this.#retained.looked += retainedTopics;
    this.#retained.wrong += wrongTopics(this.#retainedStream, snapshot).length;
  }

  evidence(): Evidence {
    const audiences = this.#audiences().map((listener): Audience => {
      const sessionsForgotten = total(listener.members, (member) => member.sessionsForgotten);
      return { ...listener, isOrdered: !listener.isGroup, sessionsForgotten };
    });
    return {
      streams: this.streams.map(publishedStream),
      audiences,
      wills: { clients: this.#willClients, deliveries: this.#witness.deliveries },
      retained: this.#retained,
    };
  }

  stop(): void {
    for (const party of [...this.publishers, ...this.consumers, ...this.#willClients]) party.stop();
  }

  #listeners(): Listener[] {
    return [...this.#audiences(), this.#witness];
  }

  #audiences(): Listener[] {
    return [this.online, this.offline, ...(this.group === undefined ? [] : [this.group])];
  }

  #listener(name: string, filters: readonly string[], count = 1): Listener {
    const deliveries: Delivery[] = [];
    const distinct = new Set<string>();
    const onMessage = ({ payload, topic, quality }: Received): void => {
      const message = readPayload(payload);
      if (message === undefined) throw new Error(`nobody publishes "${payload}"`);
      deliveries.push({ ...message, topic, quality });
      distinct.add(payload);
      this.#options.onProgress();
    };
    const members = Array.from({ length: count }, (_unused, index) => {
      const clientId = `${name}${index}-${this.#run}`;
      return new Consumer({ ...this.#client, clientId, filters, onMessage });
    });
    return { name, isGroup: count > 1, members, deliveries, distinct };
  }

  #publisher(
    stream: string,
    quality: 1 | 2,
    messages: number,
    topicOf: (sequence: number) => string,
    clears?: (sequence: number) => boolean,
  ): Publisher {
    const { window, onProgress } = this.#options;
    const clientId = `${stream}-${this.#run}`;
    const options = { ...this.#client, clientId, stream, quality, topicOf, clears, messages, window };
    return new Publisher({ ...options, onAcknowledged: onProgress });
  }

  #willClient(index: number): WillClient {
    const { random, brokerLife } = this.#options;
    const clientId = `will${index}-${this.#run}`;
    const topic = `wills-${this.#run}/${index}/will`;
    // Sessions of both kinds: with a record in the broker, and without.
    return new WillClient({ ...this.#client, clientId, keepsSession: index % 2 === 1, topic, random, brokerLife });
  }
}

export function publishedStream(publisher: Publisher): PublishedStream {
  const { stream, quality, messages } = publisher.options;
  if (quality === 0) throw new Error("nothing is owed at QoS 0");
  const { acknowledged, refused, sessionsForgotten } = publisher;
  const isOrdered = !stream.startsWith("delayed");
  return { name: stream, quality, isOrdered, messages, acknowledged, refused, sessionsForgotten };
}

function at<Item>(items: readonly Item[], index: number): Item {
  return items[index % items.length] as Item;
}
