// Two connections fight over one client id: each dials anew at once whenever the broker gives its session to the other.
// They are one device with one memory, so whatever is lost, doubled or out of order at the end is the broker's doing.

import { randomBytes } from "node:crypto";
import type { Packet } from "mqtt-packet";
import { Connection, connectPacket, isAccepted, type Version } from "./connection.ts";
import { Publisher } from "./publisher.ts";
import { type Received, Receiver } from "./receiver.ts";
import { type Delivery, readPayload } from "./streams.ts";
import { judge, type Verdict } from "./verdict.ts";
import { until, untilQuiet } from "./waiting.ts";
import { publishedStream } from "./workload.ts";

export interface FightOptions {
  readonly version: Version;
  readonly seconds: number;
  /** Of each QoS. */
  readonly messagesPerSecond: number;
}

export interface FightReport {
  readonly version: Version;
  readonly seconds: number;
  /** Connections that the broker accepted. */
  readonly connections: number;
  /** Contestants whose connection stands when both have stopped to dial: there is one owner. */
  readonly owners: number;
  readonly verdict: Verdict;
}

const tickMs = 50;
const window = 32;
const timeoutMs = 60_000;
const quietMs = 8_000;
/** A connection that nobody has closed within this time after it lost its session still stands. */
const closeMs = 5_000;

/** What both connections share: the memory of the device, and which of them was accepted last. */
class Device {
  readonly clientId: string;
  readonly filter: string;
  readonly deliveries: Delivery[] = [];
  readonly #receiver = new Receiver((message) => this.#note(message));
  owner: Contestant | undefined;
  isSubscribed = false;
  isFighting = true;
  connections = 0;
  sessionsForgotten = 0;

  constructor(clientId: string, filter: string) {
    this.clientId = clientId;
    this.filter = filter;
  }

  accepted(contestant: Contestant, sessionPresent: boolean): void {
    this.owner = contestant;
    this.connections += 1;
    if (sessionPresent) return;
    if (this.isSubscribed) this.sessionsForgotten += 1;
    this.#receiver.forget();
    contestant.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: this.filter, qos: 2 }] });
  }

  /** What still comes over the connection that has lost the session is as good as lost on the way. */
  receive(contestant: Contestant, packet: Packet): void {
    if (contestant !== this.owner) return;
    if (packet.cmd === "suback") this.isSubscribed = true;
    else this.#receiver.receive(packet, (answer) => contestant.send(answer));
  }

  #note({ payload, topic, quality }: Received): void {
    const message = readPayload(payload);
    if (message !== undefined) this.deliveries.push({ ...message, topic, quality });
  }
}

class Contestant {
  readonly #url: string;
  readonly #version: Version;
  readonly #device: Device;
  #connection: Connection | undefined;
  isConnected = false;

  constructor(url: string, version: Version, device: Device) {
    this.#url = url;
    this.#version = version;
    this.#device = device;
  }

  dial(): void {
    const connect = connectPacket(this.#version, this.#device.clientId, true);
    const events = { packet: (packet: Packet) => this.#receive(packet), closed: () => this.#closed() };
    this.#connection = new Connection(this.#url, this.#version, connect, events, timeoutMs);
  }

  send(packet: Packet): void {
    this.#connection?.send(packet);
  }

  stop(): void {
    this.#connection?.cut();
  }

  #receive(packet: Packet): void {
    if (packet.cmd !== "connack") return this.#device.receive(this, packet);
    if (!isAccepted(packet, this.#version)) return;
    this.isConnected = true;
    this.#device.accepted(this, packet.sessionPresent);
  }

  #closed(): void {
    this.isConnected = false;
    if (this.#device.isFighting) setImmediate(() => this.dial());
  }
}

export async function runFight(url: string, options: FightOptions): Promise<FightReport> {
  const { version, seconds, messagesPerSecond } = options;
  const run = randomBytes(4).toString("hex");
  const device = new Device(`fought-${run}`, `fight-${run}/messages/#`);
  const [first, second] = [new Contestant(url, version, device), new Contestant(url, version, device)];
  const messages = seconds * messagesPerSecond;
  const publishers = ([1, 2] as const).map((quality) => {
    const stream = `qos${quality}`;
    const topicOf = () => `fight-${run}/messages/${stream}`;
    const client = { url, version, clientId: `${stream}-${run}`, keepsSession: true };
    return new Publisher({ ...client, stream, quality, topicOf, messages, window });
  });
  try {
    first.dial();
    await until(
      () => device.isSubscribed,
      timeoutMs,
      () => "no SUBACK",
    );
    second.dial();
    for (const publisher of publishers) publisher.start();
    const startMs = Date.now();
    const isOver = (): boolean => Date.now() - startMs >= seconds * 1_000;
    while (!isOver()) {
      await new Promise((resolve) => setTimeout(resolve, tickMs));
      const due = Math.floor(((Date.now() - startMs) * messagesPerSecond) / 1_000);
      for (const publisher of publishers) publisher.allowUpTo(due);
    }
    for (const publisher of publishers) publisher.allowUpTo(messages);
    await until(
      () => publishers.every((publisher) => publisher.isDone),
      timeoutMs,
      () => publishers.map(({ state }) => state).join("; "),
    );

    device.isFighting = false;
    const owners = (): number => [first, second].filter(({ isConnected }) => isConnected).length;
    await untilQuiet(
      () => owners() === 1,
      owners,
      closeMs,
      timeoutMs,
      () => "the fight does not end",
    );
    const ownersAtEnd = owners();
    if (ownersAtEnd === 0) first.dial();
    const distinct = (): number =>
      new Set(device.deliveries.map(({ stream, sequence }) => `${stream}:${sequence}`)).size;
    const count = (): number => device.deliveries.length;
    await untilQuiet(
      () => distinct() >= 2 * messages,
      count,
      quietMs,
      timeoutMs,
      () => "messages still come",
    );
    const { connections, deliveries, sessionsForgotten } = device;
    const verdict = judge({
      streams: publishers.map(publishedStream),
      audiences: [{ name: "device", isOrdered: true, deliveries, sessionsForgotten }],
      wills: { clients: [], deliveries: [] },
      retained: { looked: 0, wrong: 0 },
    });
    return { version, seconds, connections, owners: ownersAtEnd, verdict };
  } finally {
    device.isFighting = false;
    for (const party of [...publishers, first, second]) party.stop();
  }
}
