// Starts the broker under test. By default that is this repository's, with the command behind `npm start`. The same tests
// run against a peer with BROKER=aedes or BROKER=mosquitto, or against a broker that runs already with BROKER_URL=ws://...

import type { Broker, BrokerOptions } from "../../bench/brokers/broker.ts";
import { brokerElsewhere } from "../../bench/brokers/elsewhere.ts";
import { knownBrokers } from "../../bench/brokers/known.ts";
import { counterIn, readPage } from "../../bench/meter.ts";
import { RawSocket } from "./raw-socket.ts";
import type { Venue } from "./venue.ts";

export type Version = 3 | 4 | 5;

export const versionNames: Readonly<Record<Version, string>> = { 3: "3.1", 4: "3.1.1", 5: "5.0" };

const underTest = process.env["BROKER"] ?? "durablemq";
const elsewhere = process.env["BROKER_URL"];

/** The protocol versions the broker under test speaks. */
export const versions: readonly Version[] = underTest === "aedes" ? [3, 4] : [3, 4, 5];

/** Whether the broker under test can be killed and started again here. */
export const isKillable = elsewhere === undefined;

/** Whether the broker under test is this repository's: then its own promises are tested too. */
export const isOurs = underTest === "durablemq" && elsewhere === undefined;

export interface TestBroker extends Broker, Venue {
  /** The value of a counter of the broker under test, summed over its labels; 0 while it has never counted. */
  counter(name: string): Promise<number>;
}

export async function startBroker(options: BrokerOptions = {}): Promise<TestBroker> {
  const start = knownBrokers.get(underTest);
  if (start === undefined) throw new Error(`BROKER=${underTest}: known are ${[...knownBrokers.keys()].join(", ")}`);
  const broker =
    elsewhere === undefined ? await start({ persistent: true, ...options }) : brokerElsewhere("broker", elsewhere);
  return Object.assign(broker, {
    openSocket: () => RawSocket.open(broker.url),
    async counter(name: string): Promise<number> {
      if (broker.metricsUrl === undefined) throw new Error(`${broker.name} has no counters`);
      return counterIn(await readPage(broker.metricsUrl), name) ?? 0;
    },
  });
}
