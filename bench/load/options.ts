// The load generator's options: read from the command line once, with defaults and limits.

import { parseArgs } from "node:util";
import { type Credentials, payloadLayout, type Quality, type Version } from "./packets.ts";

export interface LoadOptions {
  readonly url: string;
  readonly version: Version;
  readonly credentials: Credentials | undefined;
  readonly quality: Quality;
  readonly publishers: number;
  readonly subscribers: number;
  readonly payloadBytes: number;
  readonly window: number;
  /** Messages each publisher sends before the measurement. */
  readonly warmup: number;
  /** Messages each publisher sends in the measurement; with `seconds` it is a ceiling. */
  readonly messages: number;
  readonly seconds: number | undefined;
  /** Messages a second over all publishers; without it, as fast as the window allows. */
  readonly rate: number | undefined;
  /** Gives every publisher a topic with first levels of its own, instead of one prefix for all. */
  readonly spread: boolean;
  readonly stallSeconds: number;
  /** Waits for a line on standard input before the measurement and after it. */
  readonly step: boolean;
}

export const usage = `usage: node bench/load/main.ts --url ws://127.0.0.1:PORT/mqtt [options]
  --qos 0|1|2          quality of service (1)
  --version 4|5        protocol level: 3.1.1 or 5.0 (4)
  --messages N         messages of each publisher (20000)
  --seconds S          stop publishing after S seconds instead
  --warmup N           messages of each publisher before measuring (2000)
  --window N           messages on the way, per publisher (256)
  --payload BYTES      (100)
  --rate N             pace: messages a second over all publishers
  --publishers N       fan-in (1)
  --subscribers N      fan-out (1)
  --spread             a topic prefix per publisher
  --stall S            give up after S seconds without progress (10)
  --step               wait for a line on standard input before and after measuring`;

const messagesMax = 50_000_000;

function whole(name: string, value: string, least: number, most: number): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < least || number > most) {
    throw new RangeError(`--${name} is a whole number from ${least} to ${most}, not ${value}`);
  }
  return number;
}

export function readOptions(args: readonly string[]): LoadOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      url: { type: "string" },
      qos: { type: "string", default: "1" },
      version: { type: "string", default: "4" },
      messages: { type: "string" },
      seconds: { type: "string" },
      warmup: { type: "string", default: "2000" },
      window: { type: "string", default: "256" },
      payload: { type: "string", default: "100" },
      rate: { type: "string" },
      publishers: { type: "string", default: "1" },
      subscribers: { type: "string", default: "1" },
      spread: { type: "boolean", default: false },
      stall: { type: "string", default: "10" },
      step: { type: "boolean", default: false },
    },
  });
  if (values.url === undefined) throw new Error(usage);
  const url = new URL(values.url);
  const credentials =
    url.username === ""
      ? undefined
      : { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  const version = whole("version", values.version, 4, 5) as Version;
  const seconds = values.seconds === undefined ? undefined : whole("seconds", values.seconds, 1, 3600);
  const quality = whole("qos", values.qos, 0, 2) as Quality;
  const messagesDefault = seconds === undefined ? "20000" : String(messagesMax);
  return {
    url: values.url,
    version,
    credentials,
    quality,
    publishers: whole("publishers", values.publishers, 1, 10_000),
    subscribers: whole("subscribers", values.subscribers, 1, 10_000),
    payloadBytes: whole("payload", values.payload, payloadLayout.bytesMin, 1_000_000),
    // Packet identifiers end at 65,535; at QoS 0 there are none.
    window: whole("window", values.window, 1, quality === 0 ? messagesMax : 60_000),
    warmup: whole("warmup", values.warmup, 0, messagesMax),
    messages: whole("messages", values.messages ?? messagesDefault, 1, messagesMax),
    seconds,
    rate: values.rate === undefined ? undefined : whole("rate", values.rate, 1, 10_000_000),
    spread: values.spread,
    stallSeconds: whole("stall", values.stall, 1, 600),
    step: values.step,
  };
}
