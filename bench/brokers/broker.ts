// What a bench or a fault test may ask of a broker, whichever it is.

/** What not every broker has. */
export interface Features {
  /** Shared subscriptions: `$share/<group>/<filter>`. */
  readonly shared: boolean;
  /** Delayed messages: `$delayed/<seconds>/<topic>`. */
  readonly delayed: boolean;
  /** MQTT 5.0. */
  readonly versionFive: boolean;
  /** Qualities of service that it grants. */
  readonly qualities: readonly (0 | 1 | 2)[];
}

export interface Broker {
  readonly name: string;
  readonly features: Features;
  /** The address for MQTT over WebSocket. */
  readonly url: string;
  /** The process whose tree is the broker; undefined for a broker that runs elsewhere. */
  readonly pid: number | undefined;
  /** The same and what it needs beside it; their processor time is the broker's. */
  readonly pids: readonly number[];
  /** Where the broker's counters can be read as Prometheus text. */
  readonly metricsUrl: string | undefined;
  /** What an acknowledgement promises in the configuration that is started here. */
  readonly durability: string;
  /** Kills the whole broker with SIGKILL. */
  kill9(): Promise<void>;
  /** Starts it again on the same port and data; kills it first when it runs. */
  restart(): Promise<void>;
  /** Ends it in good order and removes what it stored, if the folder was made for it. */
  stop(): Promise<void>;
}

export interface BrokerOptions {
  /** Folder of the data; a fresh temporary one by default, removed by `stop`. */
  readonly stateDir?: string | undefined;
  readonly port?: number | undefined;
  /** Whether the broker keeps its data on disk, where it has the choice. */
  readonly persistent?: boolean | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Called with what the broker prints, piece by piece. */
  readonly onOutput?: ((text: string) => void) | undefined;
}

/** A broker that is not installed here; the reason is printed beside its name. */
export class NotInstalled extends Error {}
