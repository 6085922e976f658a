// The deployment's variables: parsed once, with a default and a range for each, and an error that says what is wrong.

import * as z from "zod/mini";
import en from "zod/v4/locales/en.js";
import { parseUserList } from "../src/auth/user-list.ts";
import type { ScramVerifier } from "../src/auth/verifier.ts";
import type { QoS } from "../src/protocol/packet.ts";
import { defaultRetainLimits, type RetainLimits } from "../src/retain/quota.ts";
import type { AccessPolicy } from "../src/session/admission.ts";
import { defaultSessionLimits, type SessionLimits } from "../src/session/limits.ts";
import { type DelayedLimits, defaultDelayedLimits } from "../src/shard/delayed-quota.ts";
import type { ShareStrategy } from "../src/shard/strategy.ts";

const jurisdictions = ["none", "eu", "us", "fedramp", "fedramp-high"] as const;
const locationHints = [
  "none",
  "wnam",
  "enam",
  "sam",
  "weur",
  "eeur",
  "apac",
  "apac-ne",
  "apac-se",
  "oc",
  "afr",
  "me",
] as const;

/** Where objects live. */
export interface Placement {
  readonly jurisdiction: (typeof jurisdictions)[number];
  readonly shardLocationHint: (typeof locationHints)[number];
}

export interface Config extends SessionLimits, RetainLimits, DelayedLimits, AccessPolicy, Placement {
  readonly sharedStrategy: ShareStrategy;
  /** Objects that share the list of sessions. Fixed for the life of a deployment. */
  readonly directoryShards: number;
  /** A client that has sent no CONNECT by then is closed. */
  readonly connectTimeoutSeconds: number;
  /** Who may prove with SCRAM-SHA-256 that they are who they say, by name. */
  readonly scramUsers: ReadonlyMap<string, ScramVerifier>;
  /** The first key of the HTTP API; "" for none. */
  readonly adminKey: string;
}

z.config(en());

const adminKeyCharactersMin = 32;
const adminKeyProblem = `at least ${adminKeyCharactersMin} characters, as \`openssl rand -base64 32\` makes them`;

function integer(min: number, max: number, fallback: number) {
  return z._default(z.coerce.number().check(z.int(), z.minimum(min), z.maximum(max)), fallback);
}

function flag(fallback: boolean) {
  return z._default(z.stringbool(), fallback);
}

/** Messages name users, never what is secret. */
const userList = z.pipe(
  z.string(),
  z.transform((text, context) => {
    const { users, problems } = parseUserList(text);
    for (const message of problems) context.issues.push({ code: "custom", message, input: undefined });
    return users;
  }),
);

/** Long enough that nobody guesses it. */
const adminKey = z
  .string()
  .check(z.refine((key) => key === "" || key.length >= adminKeyCharactersMin, adminKeyProblem));

const variables = z.object({
  // Closed unless the operator opens it; `npm start` does, for this machine alone.
  ALLOW_ANONYMOUS: flag(false),
  SCRAM_USERS: z._default(userList, new Map()),
  ADMIN_KEY: z._default(adminKey, ""),
  TOPIC_SHARDS: integer(1, 1024, defaultSessionLimits.topicShards),
  TOPIC_SHARD_DEPTH: integer(1, 8, defaultSessionLimits.topicShardDepth),
  JURISDICTION: z._default(z.enum(jurisdictions), "none"),
  SHARD_LOCATION_HINT: z._default(z.enum(locationHints), "none"),
  DIRECTORY_SHARDS: integer(1, 64, 8),
  // A message is one row somewhere, and a row holds 2 MB.
  MAXIMUM_PACKET_BYTES: integer(1024, 1_500_000, defaultSessionLimits.maximumPacketBytes),
  QUEUE_MESSAGES_MAX: integer(1, 10_000_000, defaultSessionLimits.queueMessagesMax),
  QUEUE_BYTES_MAX: integer(1024, 5_000_000_000, defaultSessionLimits.queueBytesMax),
  QUEUE_POLICY: z._default(z.enum(["reject", "drop-oldest", "drop-newest"]), defaultSessionLimits.queuePolicy),
  INFLIGHT_MAX: integer(1, 65_535, defaultSessionLimits.inflightMax),
  HELD_MESSAGES_MAX: integer(0, 1024, defaultSessionLimits.heldMessagesMax),
  RECEIVE_MAXIMUM: integer(1, 65_535, defaultSessionLimits.receiveMaximum),
  ROUTING_BYTES_MAX: integer(1_500_000, 64 * 1024 * 1024, defaultSessionLimits.routingBytesMax),
  SUBSCRIPTIONS_MAX: integer(1, 100_000, defaultSessionLimits.subscriptionsMax),
  TOPIC_LEVELS_MAX: integer(1, 1_000, defaultSessionLimits.topicLevelsMax),
  TOPIC_ALIAS_MAXIMUM: integer(0, 65_535, defaultSessionLimits.topicAliasMaximum),
  MAXIMUM_QOS: integer(0, 2, defaultSessionLimits.maximumQos),
  RETAIN_AVAILABLE: flag(defaultSessionLimits.retainAvailable),
  WILDCARD_AVAILABLE: flag(defaultSessionLimits.wildcardAvailable),
  SHARED_AVAILABLE: flag(defaultSessionLimits.sharedAvailable),
  SHARED_STRATEGY: z._default(z.enum(["round-robin", "random", "sticky"]), "round-robin"),
  SERVER_KEEP_ALIVE_SECONDS: integer(0, 65_535, defaultSessionLimits.serverKeepAliveSeconds),
  RESPONSE_INFORMATION: z._default(z.string().check(z.maxLength(1024)), defaultSessionLimits.responseInformation),
  SERVER_REFERENCE: z._default(z.string().check(z.maxLength(1024)), defaultSessionLimits.serverReference),
  SERVER_REDIRECT: z._default(
    z.enum(["none", "use-another-server", "server-moved"]),
    defaultSessionLimits.serverRedirect,
  ),
  SESSION_EXPIRY_SECONDS_MAX: integer(0, 0xffff_ffff, defaultSessionLimits.sessionExpirySecondsMax),
  DELAYED_SECONDS_MAX: integer(0, 0xffff_ffff, defaultSessionLimits.delayedSecondsMax),
  DELAYED_MESSAGES_MAX: integer(0, 10_000_000, defaultDelayedLimits.delayedMessagesMax),
  DELAYED_BYTES_MAX: integer(0, 5_000_000_000, defaultDelayedLimits.delayedBytesMax),
  RETAINED_MESSAGES_MAX: integer(0, 10_000_000, defaultRetainLimits.retainedMessagesMax),
  RETAINED_BYTES_MAX: integer(0, 5_000_000_000, defaultRetainLimits.retainedBytesMax),
  PAYLOAD_FORMAT_VALIDATED: flag(defaultSessionLimits.payloadFormatValidated),
  CONTROL_CHARACTERS: z._default(z.enum(["allow", "refuse"]), defaultSessionLimits.controlCharacters),
  CONNECT_TIMEOUT_SECONDS: integer(1, 600, 10),
});

export const variableNames = Object.keys(variables.shape) as readonly (keyof typeof variables.shape)[];

/** Variables that wrangler.toml must not list: a deployment has them from `wrangler secret`, this machine from .dev.vars. */
export const secretVariables = [
  "SCRAM_USERS",
  "ADMIN_KEY",
] as const satisfies readonly (keyof typeof variables.shape)[];

/** What is bound under the names of the variables. */
export type Variables = Readonly<Partial<Record<keyof typeof variables.shape, unknown>>>;

export const settingSources = ["default", "variable", "secret"] as const;

export interface Setting {
  readonly name: string;
  /** Null for a secret. */
  readonly value: string | number | boolean | null;
  readonly default: string | number | boolean | null;
  readonly isSecret: boolean;
  readonly source: (typeof settingSources)[number];
}

/** Each variable as it holds, for operators to read. */
export function settingsOf(env: Variables): Setting[] {
  const values = variables.parse(env);
  const defaults = variables.parse({});
  return variableNames.map((name) => {
    const isSecret = (secretVariables as readonly string[]).includes(name);
    const isSet = env[name] !== undefined && env[name] !== "";
    return {
      name,
      value: isSecret ? null : (values[name] as Setting["value"]),
      default: isSecret ? null : (defaults[name] as Setting["value"]),
      isSecret,
      source: isSet ? (isSecret ? "secret" : "variable") : "default",
    };
  });
}

let known: Config | undefined;

/** The configuration of this running copy, which does not change while it runs. */
export function configOf(env: Variables): Config {
  known ??= parseConfig(env);
  return known;
}

/** Throws an error that names each variable that is wrong, and why. Bindings that are no variables are passed over. */
export function parseConfig(env: Variables): Config {
  const result = variables.safeParse(env);
  if (!result.success) throw new Error(`Configuration: ${z.prettifyError(result.error)}`);
  const { data } = result;
  return {
    allowAnonymous: data.ALLOW_ANONYMOUS,
    scramUsers: data.SCRAM_USERS,
    adminKey: data.ADMIN_KEY,
    topicShards: data.TOPIC_SHARDS,
    topicShardDepth: data.TOPIC_SHARD_DEPTH,
    directoryShards: data.DIRECTORY_SHARDS,
    jurisdiction: data.JURISDICTION,
    shardLocationHint: data.SHARD_LOCATION_HINT,
    maximumPacketBytes: data.MAXIMUM_PACKET_BYTES,
    queueMessagesMax: data.QUEUE_MESSAGES_MAX,
    queueBytesMax: data.QUEUE_BYTES_MAX,
    queuePolicy: data.QUEUE_POLICY,
    inflightMax: data.INFLIGHT_MAX,
    heldMessagesMax: data.HELD_MESSAGES_MAX,
    receiveMaximum: data.RECEIVE_MAXIMUM,
    routingBytesMax: data.ROUTING_BYTES_MAX,
    subscriptionsMax: data.SUBSCRIPTIONS_MAX,
    topicLevelsMax: data.TOPIC_LEVELS_MAX,
    topicAliasMaximum: data.TOPIC_ALIAS_MAXIMUM,
    maximumQos: data.MAXIMUM_QOS as QoS,
    retainAvailable: data.RETAIN_AVAILABLE,
    wildcardAvailable: data.WILDCARD_AVAILABLE,
    sharedAvailable: data.SHARED_AVAILABLE,
    sharedStrategy: data.SHARED_STRATEGY,
    serverKeepAliveSeconds: data.SERVER_KEEP_ALIVE_SECONDS,
    responseInformation: data.RESPONSE_INFORMATION,
    serverReference: data.SERVER_REFERENCE,
    serverRedirect: data.SERVER_REDIRECT,
    sessionExpirySecondsMax: data.SESSION_EXPIRY_SECONDS_MAX,
    delayedSecondsMax: data.DELAYED_SECONDS_MAX,
    delayedMessagesMax: data.DELAYED_MESSAGES_MAX,
    delayedBytesMax: data.DELAYED_BYTES_MAX,
    retainedMessagesMax: data.RETAINED_MESSAGES_MAX,
    retainedBytesMax: data.RETAINED_BYTES_MAX,
    payloadFormatValidated: data.PAYLOAD_FORMAT_VALIDATED,
    controlCharacters: data.CONTROL_CHARACTERS,
    connectTimeoutSeconds: data.CONNECT_TIMEOUT_SECONDS,
  };
}
