// A client that keeps to MQTT, does what its behaviour has it do, and writes down what it did and saw. All that it must
// remember across connections it remembers; what MQTT lets it forget with its session it forgets.

import type { IConnackPacket, IConnectPacket, IPublishPacket, Packet } from "mqtt-packet";
import type { QoS } from "../../../src/protocol/packet.ts";
import { sessionName } from "../../../worker/names.ts";
import type { ConnectionRecord, Ledger, SessionRecord } from "../ledger.ts";
import { never } from "../ledger.ts";
import type { Platform } from "../platform/platform.ts";
import type { Random } from "../random.ts";
import type { Draft, Scene } from "../scene.ts";
import { type Behaviour, type Deed, neverExpires } from "./behaviour.ts";
import { Connection } from "./connection.ts";
import { Incoming } from "./incoming.ts";
import { Outgoing } from "./outgoing.ts";
import { Requests } from "./requests.ts";

/** What the broker may say with DISCONNECT to a client that broke no rule. */
/** The longest pause before a client comes back when the storm is over. */
const returnMsMax = 2_000;
const excusable: readonly number[] = [0x89, 0x8e, 0x97];
const patienceMs = 8_000;

type Mood = "lively" | "settling" | "gone";

export class Client {
  readonly behaviour: Behaviour;
  readonly outgoing: Outgoing;
  readonly #platform: Platform;
  readonly #ledger: Ledger;
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #requests: Requests;
  readonly #incoming = new Incoming();
  /** How often it has come back since the storm. */
  #returns = 0;
  #mood: Mood = "lively";
  #connection: Connection | undefined;
  /** Left for another one, that the broker takes for it, if that one ever gets so far. */
  #abandoned: Connection | undefined;
  #record: ConnectionRecord | undefined;
  #session: SessionRecord | undefined;
  /** It has asked for a new session and not learnt whether it got one. */
  #mustStartClean = false;
  /** Of the latest connection: its session does not outlive it. */
  #endsWithConnection = false;
  #isLeaving = false;
  #isThinking = false;
  #acknowledging = false;
  #awaySinceMs: number;
  #receiveMaximum = 65_535;

  constructor(behaviour: Behaviour, platform: Platform, ledger: Ledger, scene: Scene) {
    this.behaviour = behaviour;
    this.#platform = platform;
    this.#ledger = ledger;
    this.#scene = scene;
    this.#random = platform.random.branch(behaviour.name);
    this.outgoing = new Outgoing(ledger);
    this.#requests = new Requests(ledger, scene.profile.hasSmallStores === true);
    this.#awaySinceMs = platform.agenda.nowMs;
    this.#thinkLater();
  }

  get name(): string {
    return this.behaviour.name;
  }

  get session(): SessionRecord | undefined {
    return this.#session;
  }

  get isOnline(): boolean {
    return this.#record?.isAccepted === true && this.#record.ending === "open";
  }

  get isAtRest(): boolean {
    if (this.#mood === "gone") return true;
    return this.isOnline && this.outgoing.size === 0 && !this.#incoming.owes && !this.#requests.areOpen;
  }

  get isGone(): boolean {
    return this.#mood === "gone";
  }

  /** From now on it does nothing of its own accord but to come back, or it leaves for good. */
  settle(): void {
    // A full queue that nobody empties would refuse the others' messages for ever.
    this.#mood = this.behaviour.staysAway && !this.#scene.profile.refuses ? "gone" : "settling";
    if (this.#mood !== "gone") return this.#thinkLater();
    this.#cut(this.#random.chance(0.5));
    this.#abandoned?.vanish();
  }

  /** Publishes one message of each QoS to each topic, without RETAIN. */
  publishEverywhere(): void {
    for (const topic of this.#scene.topics)
      for (const qos of [1, 2] as const)
        this.#send([this.#publish({ topic, qos, retain: false, delaySeconds: 0, expirySeconds: 0 })]);
  }

  #thinkLater(): void {
    if (this.#isThinking) return;
    this.#isThinking = true;
    this.#platform.agenda.after(this.#random.between(0, this.#thinkMsMax), () => {
      this.#isThinking = false;
      if (this.#mood === "gone") return;
      this.#think();
      // At rest it waits for something to happen.
      if (this.#mood === "lively") this.#thinkLater();
    });
  }

  /** Who comes back and is refused again and again waits longer each time, as any client should. */
  get #thinkMsMax(): number {
    const { thinkMsMax } = this.behaviour;
    return this.#mood === "settling" ? Math.min(returnMsMax, thinkMsMax * 2 ** this.#returns) : thinkMsMax;
  }

  #think(): void {
    if (this.#connection === undefined) {
      if (this.#mood === "settling") this.#returns++;
      if (this.#mood === "settling" || this.#random.chance(0.3)) this.#connect();
      return;
    }
    if (this.#mood !== "lively") return;
    if (this.isOnline && !this.#isLeaving) this.#do(this.#random.weighted(this.behaviour.deeds));
  }

  #do(deed: Deed): void {
    switch (deed) {
      case "publish":
        return this.#publishSome();
      case "subscribe":
        return this.#send(
          this.#requests.subscribe(this.#scene.request(this.#random, this.behaviour.version), this.#session),
        );
      case "unsubscribe":
        return this.#send(this.#requests.unsubscribe(this.#session, this.behaviour.standing));
      case "disconnect":
        return this.#disconnect();
      case "cut":
        return this.#cut(true);
      case "vanish":
        return this.#cut(false);
      case "takeOver":
        // The old line stays as it is: the broker ends it.
        this.#connection?.abandon();
        this.#abandoned = this.#connection;
        this.#ended("abnormal");
        return this.#connect();
      case "wait":
        return;
      default:
        deed satisfies never;
    }
  }

  #publishSome(): void {
    const packets: Packet[] = [];
    const room = Math.min(this.behaviour.underwayMax, this.#receiveMaximum) - this.outgoing.size;
    for (let left = Math.min(room, this.#random.between(1, 6)); left > 0; left--) {
      packets.push(this.#publish(this.#scene.message(this.#random, this.behaviour.version)));
    }
    this.#send(packets);
  }

  #publish(draft: Draft): Packet {
    const { topic, qos, retain, delaySeconds, expirySeconds } = draft;
    const isEmpty = retain && this.#random.chance(0.15);
    const sentAtMs = this.#platform.agenda.nowMs;
    const message = this.#ledger.published({ ...draft, publisher: this.name, sentAtMs, isEmpty, isWill: false });
    const payload = isEmpty ? "" : `${message.id} ${this.#scene.padding(this.#random)}`;
    const packet: IPublishPacket = {
      cmd: "publish",
      topic: delaySeconds === 0 ? topic : `$delayed/${delaySeconds}/${topic}`,
      payload,
      qos,
      retain,
      dup: false,
      ...(expirySeconds === 0 ? {} : { properties: { messageExpiryInterval: expirySeconds } }),
    };
    return qos === 0 ? packet : this.outgoing.publish(message, packet);
  }

  #connect(): void {
    const { behaviour } = this;
    const ledger = this.#ledger;
    if (this.#random.chance(behaviour.startsClean)) this.#mustStartClean = true;
    if (this.#mustStartClean) this.#forget();
    this.#endsWithConnection = behaviour.expirySeconds === 0 || (behaviour.version < 5 && this.#mustStartClean);
    const hasWill = this.#random.chance(behaviour.will);
    const delay = hasWill && behaviour.version === 5 && this.#random.chance(0.3) ? this.#random.between(1, 20) : 0;
    const will = hasWill
      ? this.#ledger.published({
          publisher: this.name,
          topic: `will/${this.name}`,
          qos: this.#random.pick([1, 2] as const),
          retain: false,
          delaySeconds: 0,
          expirySeconds: 0,
          sentAtMs: this.#platform.agenda.nowMs,
          isEmpty: false,
          isWill: true,
        })
      : undefined;
    if (this.#record !== undefined) this.#record.hasSuccessor = true;
    const record = this.#ledger.connecting(this.name, will, delay);
    this.#record = record;
    this.#incoming.receiveMaximum = behaviour.receiveMaximum;
    const host = this.#platform.host("SESSION", sessionName(this.name));
    const packet = connectPacket(behaviour, this.#mustStartClean, will?.id, will?.qos as QoS, delay);
    const connection = new Connection(host, packet, {
      packet: (packet) => this.#take(packet),
      unheard: this.outgoing.listener(),
      malformed: (error) => ledger.complain(this.name, `gets what is no packet: ${error.message}`),
      ended: (answered) => this.#ended(this.#isLeaving ? (answered ? "normal" : "unsure") : "abnormal"),
    });
    this.#connection = connection;
    // One that hears nothing gives up.
    this.#platform.agenda.after(patienceMs, () => {
      if (this.#connection === connection && !record.isAccepted) this.#cut(true);
    });
  }

  #disconnect(): void {
    this.#send([{ cmd: "disconnect" }]);
    this.#isLeaving = true;
    const connection = this.#connection;
    this.#platform.agenda.after(patienceMs, () => {
      if (this.#connection !== connection) return;
      connection?.cut();
      this.#ended("unsure");
    });
  }

  #cut(isTold: boolean): void {
    if (this.#connection === undefined) return;
    if (isTold) this.#connection.cut();
    else this.#connection.vanish();
    this.#ended(this.#isLeaving ? "unsure" : "abnormal");
  }

  #ended(ending: ConnectionRecord["ending"]): void {
    if (this.#connection === undefined || this.#record === undefined) return;
    if (this.#mood === "settling" && this.isOnline) this.#scene.connectionEnded(this.name);
    this.#record.ending = ending;
    this.#record.endedAt = this.#ledger.now();
    if (this.#record.isAccepted) {
      // The time to its expiry runs from where the session saw the end.
      this.#awaySinceMs = this.#connection.objectEndedAtMs ?? this.#platform.agenda.nowMs;
    }
    this.#connection = undefined;
    this.#isLeaving = false;
    this.outgoing.rewind();
    this.#incoming.rewind();
    this.#requests.forget();
    if (this.#endsWithConnection) this.#forget();
    this.#thinkLater();
  }

  /** Its session is over: whatever was under way in it is nobody's concern any more. */
  #forget(): void {
    if (this.#session !== undefined) this.#session.hasEnded = true;
    this.#session = undefined;
    this.outgoing.abandon();
    this.#incoming.forget();
  }

  #take(packet: Packet): void {
    this.#platform.note("gets", this.name, () => describe(packet));
    try {
      this.#handle(packet);
    } catch (error) {
      this.#ledger.complain(this.name, (error as Error).message);
    }
    this.#acknowledgeLater();
  }

  #handle(packet: Packet): void {
    switch (packet.cmd) {
      case "connack":
        return this.#accepted(packet);
      case "publish":
        return this.#receive(packet);
      case "pubrel":
        return this.#incoming.release(packet.messageId ?? 0);
      case "puback":
      case "pubrec": {
        const { messageId = 0, reasonCode = 0 } = packet;
        if (this.outgoing.acknowledged(messageId, reasonCode)) this.#send([{ cmd: "pubrel", messageId }]);
        return;
      }
      case "pubcomp":
        return this.outgoing.completed(packet.messageId ?? 0);
      case "suback":
        return this.#requests.granted(packet.messageId ?? 0, packet.granted as number[]);
      case "unsuback":
        return this.#requests.removed(packet.messageId ?? 0);
      case "disconnect":
        if (!excusable.includes(packet.reasonCode ?? 0)) throw new Error(`is told to go: ${packet.reasonCode}`);
        return;
      default:
        throw new Error(`gets ${packet.cmd}`);
    }
  }

  #accepted(packet: IConnackPacket): void {
    const record = this.#record as ConnectionRecord;
    const code = packet.reasonCode ?? packet.returnCode ?? 0;
    if (code !== 0) throw new Error(`is refused: ${code}`);
    record.isAccepted = true;
    this.#receiveMaximum = packet.properties?.receiveMaximum ?? 65_535;
    const { behaviour } = this;
    // 3.1 has no word for it: its clients rely on what they asked for.
    if (behaviour.version === 3 ? !this.#mustStartClean : packet.sessionPresent) {
      if (this.#mustStartClean) throw new Error("asked for a new session, and was given the old one");
      this.#session ??= this.#ledger.beganSession(this.name, behaviour.version, this.#endsWithConnection);
      this.#send(this.outgoing.resend());
    } else {
      this.#assertMayBeNew();
      this.#forget();
      this.#session = this.#ledger.beganSession(this.name, behaviour.version, this.#endsWithConnection);
    }
    this.#mustStartClean = false;
    const { standing } = behaviour;
    const stands = this.#session.subscriptions.some(({ grantedAt }) => grantedAt < never);
    if (standing !== undefined && !stands) {
      const request = {
        filter: standing,
        qos: 2,
        noLocal: false,
        retainAsPublished: false,
        retainHandling: 0,
      } as const;
      this.#send(this.#requests.subscribe({ entries: [request], identifier: 0 }, this.#session));
    }
  }

  #assertMayBeNew(): void {
    const { expirySeconds } = this.behaviour;
    if (this.#session === undefined || this.#mustStartClean) return;
    const awayMs = this.#platform.agenda.nowMs - this.#awaySinceMs;
    if (expirySeconds !== neverExpires && awayMs >= expirySeconds * 1000 - this.#platform.skewMsMax) return;
    throw new Error("its session is lost");
  }

  #receive(packet: IPublishPacket): void {
    const payload = packet.payload.toString();
    if (!this.#incoming.publish(packet, payload)) return;
    const ids = packet.properties?.subscriptionIdentifier ?? [];
    this.#session?.receipts.push({
      message: this.#ledger.messageOf(payload),
      topic: packet.topic,
      payload,
      at: this.#ledger.now(),
      atMs: this.#platform.agenda.nowMs,
      qos: packet.qos,
      retain: packet.retain,
      identifiers: typeof ids === "number" ? [ids] : ids,
      dup: packet.dup ?? false,
    });
  }

  #acknowledgeLater(): void {
    if (this.#acknowledging || !this.#incoming.owes) return;
    this.#acknowledging = true;
    const delayMsMax = this.#mood === "lively" ? this.behaviour.acknowledgeMsMax : 1;
    this.#platform.agenda.after(this.#random.between(0, delayMsMax), () => {
      this.#acknowledging = false;
      this.#send(this.#incoming.acknowledge(this.#random.between(1, 20)));
      this.#acknowledgeLater();
    });
  }

  #send(packets: readonly Packet[]): void {
    if (this.#isLeaving) return;
    this.#platform.note("sends", this.name, () => packets.map(describe).join(", "));
    this.#connection?.send(packets);
  }
}

function describe(packet: Packet): string {
  const { cmd, messageId = "" } = packet;
  if (packet.cmd === "unsubscribe") return `${cmd} ${messageId} ${packet.unsubscriptions.join()}`;
  if (packet.cmd === "subscribe") {
    return `${cmd} ${messageId} ${packet.subscriptions.map(({ topic, qos }) => `${topic} q${qos}`).join()}`;
  }
  if (packet.cmd !== "publish") return `${cmd} ${messageId}`;
  const { topic, payload, qos, dup, retain } = packet;
  return `${cmd} ${messageId} q${qos}${dup ? " dup" : ""}${retain ? " retain" : ""} ${topic} "${payload.toString().slice(0, 8)}"`;
}

function connectPacket(
  { name, version, expirySeconds, receiveMaximum }: Behaviour,
  clean: boolean,
  willId: number | undefined,
  willQos: QoS,
  willDelay: number,
): IConnectPacket {
  const isFive = version === 5;
  const will = {
    topic: `will/${name}`,
    payload: `${willId}`,
    qos: willQos,
    retain: false,
    ...(isFive ? { properties: { willDelayInterval: willDelay } } : {}),
  };
  return {
    cmd: "connect",
    protocolId: version === 3 ? "MQIsdp" : "MQTT",
    protocolVersion: version,
    clientId: name,
    clean,
    keepalive: 0,
    ...(willId === undefined ? {} : { will }),
    ...(isFive ? { properties: { sessionExpiryInterval: expirySeconds, receiveMaximum } } : {}),
  };
}
