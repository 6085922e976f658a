// `durablemq pub`: publishes over MQTT, or over HTTP, and returns when the broker has it durably.

import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { Command, InvalidArgumentError } from "commander";
import { Api, type ApiFlags } from "../api.ts";
import { Failure } from "../failure.ts";
import { readBytes } from "../files.ts";
import { assertFit, connectMqtt, type MqttFlags } from "../mqtt.ts";
import {
  apiKeyFileOption,
  apiUrlOption,
  brokerUrlOption,
  jsonOption,
  passwordFileOption,
  qosOption,
  userOption,
  wholeNumber,
} from "../options.ts";
import { printJson, progress } from "../output.ts";

interface PubFlags extends MqttFlags, ApiFlags {
  readonly qos: 0 | 1 | 2;
  readonly retain?: true;
  readonly file?: string;
  readonly lines?: true;
  readonly delay?: number;
  readonly expiry?: number;
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly property: readonly (readonly [name: string, value: string])[];
  readonly http?: true;
  readonly json?: true;
}

/** What one message is sent with, whichever way. */
interface Sender {
  send(payload: Buffer): Promise<Result>;
  end(): Promise<void>;
  /** When it has failed: nobody is waited for. */
  abandon(): void;
}

interface Result {
  /** Over HTTP. */
  readonly reached?: number | null;
  /** Over MQTT: nobody was subscribed, as far as the broker says. */
  readonly nobody?: boolean;
}

const noMatchingSubscribers = 0x10;

export function pubCommand(): Command {
  return new Command("pub")
    .summary("publish a message")
    .description(
      "Publishes one message, or one for each line of standard input. With QoS 1 or 2 it returns when the broker has the message durably.",
    )
    .argument("<topic>", "where to publish, such as rooms/kitchen/light")
    .argument("[message]", "the message; without it, standard input or --file")
    .addOption(brokerUrlOption())
    .addOption(qosOption(1))
    .option("-r, --retain", "keep it as the topic's last message, for who subscribes later")
    .option("-f, --file <file>", "the file's content is the message")
    .option("-l, --lines", "each line of standard input is a message")
    .option("--delay <seconds>", "publish it so much later", wholeNumber(0, 0xffff_ffff))
    .option("--expiry <seconds>", "give it up when nobody has got it by then", wholeNumber(0, 0xffff_ffff))
    .option("--content-type <type>", "what the message is, such as application/json")
    .option("--response-topic <topic>", "where an answer is expected")
    .option("--property <name=value>", "a user property; may be repeated", pair, [])
    .addOption(userOption())
    .addOption(passwordFileOption())
    .option("-i, --client-id <id>", "client id; one of the broker's making without it")
    .option("--http", "publish over the HTTP API, which says how many subscribers it reached")
    .addOption(apiUrlOption())
    .addOption(apiKeyFileOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  durablemq pub hello/world 'Hello!'
  durablemq pub -r rooms/kitchen/light on
  tail -f log | durablemq pub --lines logs/web
  durablemq pub --http --delay 60 reminders/tea 'It is ready.'`,
    )
    .action(runPub);
}

async function runPub(topic: string, message: string | undefined, flags: PubFlags): Promise<void> {
  if (flags.lines && (message !== undefined || flags.file !== undefined)) {
    throw new Failure("--lines takes its messages from standard input: leave the message and --file out.");
  }
  const sender = flags.http ? httpSender(topic, flags) : await mqttSender(topic, flags);
  try {
    if (flags.lines) await sendLines(sender, topic, flags);
    else say(topic, await sender.send(await payloadOf(message, flags.file)), flags);
  } catch (error) {
    sender.abandon();
    throw error;
  }
  await sender.end();
}

async function sendLines(sender: Sender, topic: string, flags: PubFlags): Promise<void> {
  const shown = await progress(`Publishing to ${topic}`);
  let count = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    await sender.send(Buffer.from(line));
    shown.now(`Publishing to ${topic}: ${++count}`);
  }
  shown.end(`Published ${count} messages to ${topic}`);
  if (flags.json) printJson({ topic, published: count });
}

function say(topic: string, result: Result, { json, qos }: PubFlags): void {
  if (json) return printJson({ topic, ...result });
  if (result.reached !== undefined) console.log(`Published to ${topic}; it reached ${result.reached ?? "some"}.`);
  else if (result.nobody) console.log(`Published to ${topic}; nobody is subscribed.`);
  else console.log(`Published to ${topic}${qos === 0 ? ", and nobody has said that it arrived" : ""}.`);
}

async function mqttSender(topic: string, flags: PubFlags): Promise<Sender> {
  const { qos, retain = false, delay, expiry, contentType, responseTopic, property } = flags;
  // The client library waits for ever for what it does not send.
  if (topic === "") throw new Failure("A topic has at least one character.");
  assertFit({ topic, "content type": contentType, "response topic": responseTopic });
  for (const [name, value] of property) assertFit({ "name of a property": name, "value of a property": value });
  const client = await connectMqtt(flags);
  const name = delay === undefined ? topic : `$delayed/${delay}/${topic}`;
  const userProperties: Record<string, string[]> = {};
  for (const [key, value] of property) userProperties[key] = [...(userProperties[key] ?? []), value];
  const properties = {
    ...(expiry === undefined ? {} : { messageExpiryInterval: expiry }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(property.length === 0 ? {} : { userProperties }),
  };
  const broken = new Promise<never>((_, reject) => {
    client.once("disconnect", ({ reasonCode, properties: said }) => {
      reject(new Failure(`The broker ended the connection: ${said?.reasonString ?? `reason ${reasonCode}`}.`));
    });
    client.once("close", () => reject(new Failure("The connection broke before the broker had the message.")));
  });
  broken.catch(() => {});
  return {
    async send(payload) {
      const sent = client.publishAsync(name, payload, { qos, retain, properties }).catch((error: Error) => {
        throw new Failure(`The broker does not take it: ${error.message}.`);
      });
      const acknowledged = (await Promise.race([sent, broken])) as { readonly reasonCode?: number } | undefined;
      return { nobody: acknowledged?.reasonCode === noMatchingSubscribers };
    },
    end: () => client.endAsync(),
    abandon: () => client.end(true),
  };
}

function httpSender(topic: string, flags: PubFlags): Sender {
  const { qos, retain = false, delay, expiry, contentType, responseTopic, property } = flags;
  const api = new Api(flags);
  return {
    send(payload) {
      const body = {
        topic,
        payload: payload.toString("base64"),
        encoding: "base64",
        qos,
        retain,
        delaySeconds: delay,
        properties: {
          messageExpirySeconds: expiry,
          contentType,
          responseTopic,
          userProperties: property.map(([name, value]) => ({ name, value })),
        },
      };
      return api.call<Result>("POST", "/publish", { body, headers: { "Idempotency-Key": randomUUID() } });
    },
    async end() {},
    abandon() {},
  };
}

async function payloadOf(message: string | undefined, file: string | undefined): Promise<Buffer> {
  if (message !== undefined && file !== undefined) throw new Failure("Give either a message or --file.");
  if (message !== undefined) return Buffer.from(message);
  if (file !== undefined) return readBytes(file);
  return Buffer.from(await text(process.stdin));
}

function pair(option: string, before: readonly (readonly [string, string])[]): readonly (readonly [string, string])[] {
  const at = option.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It takes name=value.");
  return [...before, [option.slice(0, at), option.slice(at + 1)]];
}
