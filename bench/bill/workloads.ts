// The standard workloads of the bill: each runs against a broker and says how many units of it there were.

import { randomBytes } from "node:crypto";
import mqtt, { type MqttClient } from "mqtt";
import { alivePingMs } from "../../worker/hello.ts";
import type { Broker } from "../brokers/broker.ts";
import { measure as measureLoad } from "../generator.ts";
import { connectPacket, packetType } from "../load/packets.ts";
import { Publisher } from "../load/publisher.ts";
import { Wire } from "../load/wire.ts";
import { emptyMeter, type Meter, perMessage, settledMeter } from "../meter.ts";
import { cpuOf } from "../processor.ts";

/** For one unit. */
export interface Measured {
  readonly meter: Meter;
  readonly cpuMs: number;
}

export interface Workload {
  readonly name: string;
  /** What is counted. */
  readonly unit: string;
  /** The bill is for so many of them. */
  readonly times: number;
  /** Dollars that it may cost; undefined where nothing is promised. */
  readonly target?: number;
  run(broker: Broker): Promise<Measured>;
}

const million = 1_000_000;
const runTimeoutMs = 120_000;

function load(args: string, deliveriesEach = 1): (broker: Broker) => Promise<Measured> {
  return async (broker) => {
    const measurement = await measureLoad(broker, args.split(" "), runTimeoutMs);
    const { load, meterPerMessage, cpuMicrosecondsPerMessage } = measurement;
    if (!load.complete) throw new Error(`not everything arrived: ${JSON.stringify(load)}`);
    if (meterPerMessage === null || cpuMicrosecondsPerMessage === null) throw new Error("the broker has no counters");
    return {
      meter: perMessage(emptyMeter, meterPerMessage, deliveriesEach),
      cpuMs: cpuMicrosecondsPerMessage / deliveriesEach / 1000,
    };
  };
}

/** What `work` adds, for each of its units, of which it returns the number. */
async function around(broker: Broker, work: () => Promise<number>): Promise<Measured> {
  const before = await settledMeter(broker.metricsUrl);
  const cpuBefore = cpuOf(broker);
  const units = await work();
  const cpu = cpuOf(broker) - cpuBefore;
  const after = await settledMeter(broker.metricsUrl);
  if (before === undefined || after === undefined) throw new Error("the broker has no counters");
  return { meter: perMessage(before, after, units), cpuMs: (cpu * 1000) / units };
}

function clientOf(broker: Broker, clientId: string, protocolVersion: 4 | 5): Promise<MqttClient> {
  return mqtt.connectAsync(broker.url, {
    clientId,
    protocolVersion,
    clean: false,
    reconnectPeriod: 0,
    ...(protocolVersion === 5 ? { properties: { sessionExpiryInterval: 3600 } } : {}),
  });
}

/** Published with 64 under way, like the stream. */
async function offlineThenDrained(broker: Broker): Promise<Measured> {
  const messages = 8_000;
  const id = randomBytes(4).toString("hex");
  const topic = `bill/${id}`;
  const away = await clientOf(broker, `bill-${id}-s`, 4);
  await away.subscribeAsync(topic, { qos: 1 });
  await away.endAsync();
  let failure: Error | undefined;
  let pump = () => {};
  const publisher = new Publisher({
    url: broker.url,
    version: 4,
    credentials: undefined,
    clientId: `bill-${id}-p`,
    number: 0,
    topic,
    quality: 1,
    payloadBytes: 100,
    window: 64,
    onProgress: () => pump(),
    onFailure: (problem) => {
      failure = problem;
      pump();
    },
  });
  await publisher.connect();
  const measured = await around(broker, async () => {
    await new Promise<void>((resolve, reject) => {
      pump = () => {
        if (failure !== undefined) reject(failure);
        while (publisher.sent < messages && publisher.mayPublish(0)) publisher.publish(performance.now());
        if (publisher.acknowledged === messages) resolve();
      };
      pump();
    });
    await drain(broker, `bill-${id}-s`, messages);
    return messages;
  });
  publisher.end();
  return measured;
}

/** The client comes back and takes everything that waits for it. */
async function drain(broker: Broker, clientId: string, messages: number): Promise<void> {
  const back = mqtt.connect(broker.url, { clientId, clean: false, reconnectPeriod: 0 });
  let received = 0;
  await new Promise<void>((resolve, reject) => {
    back.on("error", reject);
    back.on("message", () => {
      received += 1;
      if (received === messages) resolve();
    });
  });
  await back.endAsync();
}

function reconnects(version: 4 | 5): (broker: Broker) => Promise<Measured> {
  return async (broker) => {
    const clients = 20;
    const times = 10;
    const id = randomBytes(4).toString("hex");
    for (let number = 0; number < clients; number += 1) {
      const client = await clientOf(broker, `bill-${id}-${number}`, version);
      await client.subscribeAsync(`bill/${id}/${number}`, { qos: 1 });
      await client.endAsync();
    }
    return around(broker, async () => {
      for (let round = 0; round < times; round += 1) {
        for (let number = 0; number < clients; number += 1) {
          await (await clientOf(broker, `bill-${id}-${number}`, version)).endAsync();
        }
      }
      return clients * times;
    });
  };
}

async function newSessions(broker: Broker): Promise<Measured> {
  const id = randomBytes(4).toString("hex");
  const clients = 100;
  return around(broker, async () => {
    for (let number = 0; number < clients; number += 1) {
      const client = await clientOf(broker, `bill-${id}-${number}`, 4);
      await client.subscribeAsync(`bill/${id}/${number}`, { qos: 1 });
      await client.endAsync();
    }
    return clients;
  });
}

const pingsEach = 200;
const monthSeconds = 30 * 86_400;
const keepAliveSeconds = 60;
/** The liveness alarm of a connection that stands for a month: see src/session/closing.ts. */
const alarmsOfMonth = 367;

/** A month of pings and of what goes on beside them, from the cost of a ping. */
function idleMonth(alarms: number): (broker: Broker) => Promise<Measured> {
  return async (broker) => {
    const clients = 50;
    const id = randomBytes(4).toString("hex");
    const wires = await Promise.all(
      Array.from({ length: clients }, (_unused, number) => openPinger(broker, `bill-${id}-${number}`)),
    );
    const ping = await around(broker, async () => {
      for (let count = 0; count < pingsEach; count += 1) await Promise.all(wires.map((wire) => wire.ping()));
      return clients * pingsEach;
    });
    for (const wire of wires) wire.end();
    const pings = monthSeconds / keepAliveSeconds;
    const month = perMessage(emptyMeter, ping.meter, 1 / pings);
    return {
      meter: {
        ...month,
        alarms: month.alarms + alarms,
        alarmsSet: month.alarmsSet + alarms,
        socketMessages: month.socketMessages + (monthSeconds * 1000) / alivePingMs,
        connectionsOpened: month.connectionsOpened + 1,
      },
      cpuMs: ping.cpuMs * pings,
    };
  };
}

interface Pinger {
  ping(): Promise<void>;
  end(): void;
}

const pingreq = Buffer.from([0xc0, 0]);

async function openPinger(broker: Broker, clientId: string): Promise<Pinger> {
  let answered = () => {};
  const wire = await Wire.open(broker.url, {
    packet: (firstByte) => {
      if (firstByte >> 4 === packetType.connack || firstByte >> 4 === packetType.pingresp) answered();
    },
    closed: () => {},
  });
  const answer = (packet: Buffer): Promise<void> => {
    const promise = new Promise<void>((resolve) => {
      answered = resolve;
    });
    wire.sendPacket(packet);
    return promise;
  };
  await answer(connectPacket({ version: 4, clientId, clean: false }));
  return { ping: () => answer(pingreq), end: () => wire.end() };
}

export const workloads: readonly Workload[] = [
  {
    name: "lone QoS 0, 1 → 1",
    unit: "message",
    times: million,
    run: load("--qos 0 --messages 300 --rate 50 --warmup 5 --window 8"),
  },
  {
    name: "lone QoS 1, 1 → 1, online",
    unit: "message",
    times: million,
    target: 0.6,
    run: load("--qos 1 --messages 300 --rate 50 --warmup 5 --window 8"),
  },
  {
    name: "lone QoS 2, 1 → 1, online",
    unit: "message",
    times: million,
    run: load("--qos 2 --messages 300 --rate 50 --warmup 5 --window 8"),
  },
  {
    name: "QoS 1 stream, window 64",
    unit: "message",
    times: million,
    target: 0.1,
    run: load("--qos 1 --messages 40000 --warmup 1000 --window 64"),
  },
  { name: "QoS 1, offline then drained", unit: "message", times: million, target: 0.25, run: offlineThenDrained },
  {
    name: "QoS 1 fan-out 1 → 1,000, online",
    unit: "delivery",
    times: million,
    target: 0.6,
    run: load("--qos 1 --subscribers 1000 --messages 20 --rate 1 --warmup 3 --window 1", 1000),
  },
  { name: "idle client, keep-alive 60 s", unit: "month", times: 10_000, target: 1, run: idleMonth(0) },
  { name: "the same, with a will or an expiry", unit: "month", times: 10_000, run: idleMonth(alarmsOfMonth) },
  { name: "reconnect, session unchanged", unit: "reconnect", times: 10_000, run: reconnects(4) },
  { name: "the same, with an expiry", unit: "reconnect", times: 10_000, run: reconnects(5) },
  { name: "new session, one subscription", unit: "session", times: 10_000, run: newSessions },
];
