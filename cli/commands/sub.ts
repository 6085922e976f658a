// `durablemq sub`: prints messages as they come, and acknowledges what it has printed.

import { Command } from "commander";
import type { IPublishPacket, MqttClient } from "mqtt";
import { Failure } from "../failure.ts";
import { assertFit, connectMqtt, dropMqtt, type MqttFlags } from "../mqtt.ts";
import { brokerUrlOption, jsonOption, passwordFileOption, qosOption, userOption, wholeNumber } from "../options.ts";
import { payloadFor, printJson, withoutControls } from "../output.ts";

interface SubFlags extends MqttFlags {
  readonly qos: 0 | 1 | 2;
  readonly count?: number;
  readonly wait?: number;
  readonly keep?: number;
  readonly retained: boolean;
  readonly topics: boolean;
  readonly json?: true;
}

export function subCommand(): Command {
  return new Command("sub")
    .summary("print messages as they come")
    .description(
      "Subscribes and prints each message as `topic message`, until it is interrupted or has --count of them.",
    )
    .argument("<filter...>", "topics to subscribe to; + stands for one level, # for all that follow")
    .addOption(brokerUrlOption())
    .addOption(qosOption(1))
    .option("-n, --count <number>", "end after so many messages", wholeNumber(1, 1_000_000_000))
    .option("-w, --wait <seconds>", "end when nothing has come for so long", wholeNumber(1, 1_000_000))
    .option(
      "--keep <seconds>",
      "the broker keeps messages for this --client-id for so long after it has gone",
      wholeNumber(0, 0xffff_ffff),
    )
    .option("-i, --client-id <id>", "client id; one of the broker's making without it")
    .option("--no-retained", "not the messages that were retained before")
    .option("--no-topics", "print messages alone")
    .addOption(userOption())
    .addOption(passwordFileOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Examples:
  durablemq sub 'rooms/+/light'
  durablemq sub --count 1 --no-topics answers/me
  durablemq sub --client-id worker-1 --keep 86400 -q 2 'orders/#'    # what comes meanwhile waits a day
  durablemq sub --json '#' | jq .topic`,
    )
    .action(runSub);
}

async function runSub(filters: readonly string[], flags: SubFlags): Promise<void> {
  const { qos, count, wait, keep, clientId } = flags;
  if (keep !== undefined && clientId === undefined) throw new Failure("--keep needs a --client-id to be kept for.");
  for (const filter of filters) assertFit({ filter });
  const { promise: over, resolve: end, reject } = Promise.withResolvers<void>();
  over.catch(() => {});
  let left = count ?? Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let isHolding = false;
  const rest = () => {
    clearTimeout(timer);
    if (wait !== undefined) timer = setTimeout(end, wait * 1000);
  };
  // What was not printed is not acknowledged, and comes again.
  const take: MqttClient["handleMessage"] = (packet, done) => {
    if (left <= 0) {
      isHolding = true;
      return;
    }
    rest();
    printMessage(packet as IPublishPacket, flags);
    done();
    if (--left <= 0) end();
  };
  const kept = keep === undefined ? {} : { properties: { sessionExpiryInterval: keep } };
  const client = await connectMqtt(flags, { clean: keep === undefined, ...kept }, take);
  client.once("disconnect", ({ reasonCode, properties }) => {
    reject(new Failure(`The broker ended the connection: ${properties?.reasonString ?? `reason ${reasonCode}`}.`));
  });
  const broken = () => reject(new Failure("The connection broke."));
  client.once("close", broken);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => end());
  rest();
  try {
    const subscribed = subscribe(client, filters, qos, flags.retained);
    subscribed.catch(() => {});
    // What was kept may be enough: then SUBACK stands behind a message that is not taken, and is not waited for.
    await Promise.race([subscribed, over]);
    await over;
  } finally {
    clearTimeout(timer);
    client.off("close", broken);
    if (isHolding || !client.connected) await dropMqtt(client);
    else await client.endAsync();
  }
}

async function subscribe(
  client: MqttClient,
  filters: readonly string[],
  qos: 0 | 1 | 2,
  retained: boolean,
): Promise<void> {
  const options = { qos, rh: retained ? 0 : 2 } as const;
  const granted = await client.subscribeAsync([...filters], options).catch((error: Error) => {
    throw new Failure(`The broker does not take the subscription: ${error.message}.`);
  });
  const refused = granted.filter((one) => one.qos >= 0x80);
  if (refused.length > 0)
    throw new Failure(`The broker does not let us subscribe to ${refused.map((one) => one.topic).join(", ")}.`);
}

function printMessage(packet: IPublishPacket, { json, topics }: SubFlags): void {
  const payload = Buffer.from(packet.payload);
  if (json) {
    const text = payload.toString();
    const isText = Buffer.from(text).equals(payload);
    printJson({
      topic: packet.topic,
      payload: isText ? text : payload.toString("base64"),
      encoding: isText ? "text" : "base64",
      qos: packet.qos,
      retain: packet.retain,
      properties: packet.properties ?? {},
    });
    return;
  }
  const shown = payloadFor(process.stdout, payload);
  process.stdout.write(
    Buffer.concat([Buffer.from(topics ? `${withoutControls(packet.topic)} ` : ""), shown, Buffer.from("\n")]),
  );
}
