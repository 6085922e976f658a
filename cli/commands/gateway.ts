// `durablemq gateway`: MQTT over TCP for devices that speak nothing else.

import { Command, Option } from "commander";
import { readBytes } from "../files.ts";
import { Gateway, type GatewayEvent, type Listener } from "../gateway/gateway.ts";
import { brokerUrlOption, wholeNumber } from "../options.ts";
import { printJson } from "../output.ts";

interface GatewayFlags {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly cert?: string;
  readonly key?: string;
  readonly connections: number;
  readonly json?: true;
  readonly quiet?: true;
}

export function gatewayCommand(): Command {
  return new Command("gateway")
    .summary("carry MQTT over TCP to the broker")
    .description(
      "Listens for MQTT over TCP, and over TLS if given a certificate, and carries each client to the broker over a WebSocket.",
    )
    .addOption(brokerUrlOption())
    .option("--host <address>", "where to listen; 0.0.0.0 for all of the machine's addresses", "127.0.0.1")
    .option("-p, --port <number>", "port for TCP", portNumber, 1883)
    .option("--tls-port <number>", "port for TLS, if there is a certificate", portNumber, 8883)
    .option("--cert <file>", "certificate chain, PEM")
    .option("--key <file>", "private key of the certificate, PEM")
    .addOption(
      new Option("--connections <number>", "clients at the same time; more are closed at once")
        .default(10_000)
        .argParser(wholeNumber(1, 1_000_000)),
    )
    .option("--json", "log lines as JSON")
    .option("--quiet", "log nothing but what keeps it from working")
    .action((flags: GatewayFlags, command: Command) => runGateway(flags, command));
}

async function runGateway(flags: GatewayFlags, command: Command): Promise<void> {
  const { host, port, cert, key } = flags;
  if ((cert === undefined) !== (key === undefined)) command.error("error: --cert and --key go together");
  const listeners: Listener[] = [{ host, port }];
  if (cert !== undefined && key !== undefined) {
    const tls = { certificate: readBytes(cert), key: readBytes(key) };
    listeners.push({ host, port: flags.tlsPort, tls });
  }
  const say = (value: object, words: string) => (flags.json ? printJson(value) : console.log(words));
  const gateway = new Gateway({
    brokerUrl: flags.url,
    listeners,
    connectionsMax: flags.connections,
    log: flags.quiet ? () => {} : (event) => say(event, describe(event)),
  });
  try {
    const [tcpPort, tlsPort] = await gateway.start();
    const secure = tlsPort === undefined ? "" : `, with TLS on ${tlsPort}`;
    const words = `Gateway to ${flags.url} is ready on ${host}, port ${tcpPort}${secure}.`;
    say({ event: "ready", broker: flags.url, host, port: tcpPort, tlsPort }, words);
  } catch (error) {
    command.error(`error: the gateway cannot listen: ${(error as Error).message}`);
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void gateway.stop());
}

function describe(event: GatewayEvent): string {
  switch (event.event) {
    case "opened":
      return `${event.client} connected; ${event.connections} now`;
    case "ended":
      return `${event.client} ended (${event.why}: ${event.detail}); ${event.connections} now`;
    case "refused":
      return `${event.client} refused (${event.why}: ${event.detail})`;
    default:
      return event satisfies never;
  }
}

function portNumber(text: string): number {
  return wholeNumber(0, 65_535)(text);
}
