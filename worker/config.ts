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
import { scopes as allScopes, type Scope } from "./scopes.ts";

const jurisdictions = ["none", "eu", "us", "fedramp", "fedramp-high"] as const;
export const locationHints = [
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

export type LocationHint = (typeof locationHints)[number];

/** Where objects live. */
export interface Placement {
  readonly jurisdiction: (typeof jurisdictions)[number];
  readonly shardLocationHint: LocationHint | "none";
}

export interface Config extends SessionLimits, RetainLimits, DelayedLimits, AccessPolicy, Placement {
  readonly sharedStrategy: ShareStrategy;
  /** Objects that share the list of sessions. Fixed for the life of a deployment. */
  readonly directoryShards: number;
  /** A message that goes to more sessions than this goes by way of relays. */
  readonly fanOutDirectMax: number;
  /** A client that has sent no CONNECT by then is closed. */
  readonly connectTimeoutSeconds: number;
  /** Who may prove with SCRAM-SHA-256 that they are who they say, by name. */
  readonly scramUsers: ReadonlyMap<string, ScramVerifier>;
  /** Asked in this order who a client is. */
  readonly authentication: readonly (typeof authenticators)[number][];
  /** What holds where no rule decides. */
  readonly accessDefault: "allow" | "deny";
  /** How old may be what is known of the control database. */
  readonly accessCacheMs: number;
  readonly accessGates: number;
  /** See src/auth/client-id.ts. */
  readonly clientIdPattern: string;
  /** Of rates and counts, 0 stands for no limit. */
  readonly connectsPerMinuteAddress: number;
  readonly connectsPerMinuteUser: number;
  readonly connectionsPerUser: number;
  readonly loginFailuresMax: number;
  readonly loginLockoutMs: number;
  readonly flappingConnectsPerMinute: number;
  readonly flappingBanMs: number;
  /** Pages whose scripts may connect; none named: all. */
  readonly webSocketOrigins: readonly string[];
  readonly jwt: JwtSettings;
  readonly certificateUser: "common-name" | "fingerprint";
  readonly http: HttpSettings;
  readonly access: AccessSettings;
  /** Whether `/metrics` is for everybody. */
  readonly metricsOpen: boolean;
  /** Whether a webhook may have an address of the machine that the broker runs on. */
  readonly webhookLoopback: boolean;
  /** The first key of the HTTP API; "" for none. */
  readonly adminKey: string;
}

export interface JwtSettings {
  readonly algorithms: readonly (typeof jwtAlgorithms)[number][];
  /** "" for any, as in the next. */
  readonly issuer: string;
  readonly audience: string;
  readonly userClaim: string;
  readonly groupsClaim: string;
  readonly rulesClaim: string;
  /** Where the issuer publishes its keys; "" for nowhere. */
  readonly jwksUrl: string;
  /** A JWK set; "" for none. */
  readonly keys: string;
  /** For HS256; "" for none. */
  readonly secret: string;
}

export interface AccessGrant {
  /** `anna@example.com`, `@example.com`, `group:<name>` or `service:<client id>`. */
  readonly selector: string;
  readonly scopes: readonly Scope[];
}

/** Of Cloudflare Access in front of the HTTP API. */
export interface AccessSettings {
  /** Address of the team; "" for none. */
  readonly team: string;
  /** Of the application. */
  readonly audience: string;
  readonly scopes: readonly AccessGrant[];
}

export interface HttpSettings {
  readonly url: string;
  readonly timeoutMs: number;
  /** Sent as it is in the header of that name. */
  readonly authorization: string;
}

z.config(en());

const authenticators = ["password", "device-key", "jwt", "certificate", "http", "scram"] as const;
const jwtAlgorithms = ["HS256", "RS256", "ES256", "EdDSA"] as const;
const jwtSecretProblem = "at least 32 characters: HS256 is as strong as its secret is long";

const adminKeyCharactersMin = 32;
const adminKeyProblem = `at least ${adminKeyCharactersMin} characters, as \`openssl rand -base64 32\` makes them`;

/** To `Number` nothing is 0, which of a limit means none or all. */
const numeral = z.pipe(
  z.union([z.number(), z.string().check(z.trim(), z.minLength(1, "a whole number"))], "a whole number"),
  z.transform(Number),
);

function integer(min: number, max: number, fallback: number) {
  return z._default(z.pipe(numeral, z.int().check(z.minimum(min), z.maximum(max))), fallback);
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

function text(charactersMax: number) {
  return z._default(z.string().check(z.maxLength(charactersMax)), "");
}

const list = z.pipe(
  z.string(),
  z.transform((all) => all.split(/[\s,]+/).filter((one) => one !== "")),
);

const keySet = z._default(
  z.string().check(z.maxLength(65_536), z.refine(isKeySet, 'a JWK set, such as {"keys": [...]}')),
  "",
);

function isKeySet(text: string): boolean {
  if (text === "") return true;
  try {
    const { keys } = JSON.parse(text);
    return Array.isArray(keys) && keys.every((key) => typeof key === "object" && key !== null);
  } catch {
    return false;
  }
}

/** As browsers send them: any other is of no page. */
const origins = z.pipe(
  list,
  z.array(z.string().check(z.refine(isOrigin, "an origin without a path, such as https://example.com"))),
);

function isOrigin(text: string): boolean {
  if (text === "null") return true;
  if (!URL.canParse(text)) return false;
  const { protocol, host, origin } = new URL(text);
  // Of schemes that the standard does not know, those of apps among them, it says "null".
  return text === (origin === "null" ? `${protocol}//${host}` : origin);
}

function listOf<Item extends string>(items: readonly Item[]) {
  return z.pipe(list, z.array(z.enum(items as readonly [Item, ...Item[]])));
}

/** Over TLS, so that nobody in between reads or writes; on this machine without. */
const address = z._default(
  z.string().check(z.refine((url) => url === "" || isSafeAddress(url), "an https address, or http on 127.0.0.1")),
  "",
);

/** `anna@example.com=admin, @example.com=read, group:ops=operate+publish, service:<client id>=publish`. */
const grants = z.pipe(
  list,
  z.transform((entries, context) =>
    entries.map((entry): AccessGrant => {
      const [, selector = "", names = ""] = /^([^=]+)=(.+)$/.exec(entry) ?? [];
      const scopes = names.split("+");
      const known = z.array(z.enum(allScopes)).safeParse(scopes);
      if (/^((group|service):.|.*@.)/.test(selector) && known.success) return { selector, scopes: known.data };
      const message = `${entry} is not <who>=<scope>, as in anna@example.com=admin or group:ops=operate+publish`;
      context.issues.push({ code: "custom", message, input: entry });
      return { selector, scopes: [] };
    }),
  ),
);

function isSafeAddress(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, username, password } = new URL(url);
  // What stands in an address is found in logs.
  if (username !== "" || password !== "") return false;
  return protocol === "https:" || (protocol === "http:" && (hostname === "127.0.0.1" || hostname === "localhost"));
}

export const variables = z.object({
  // Closed unless the operator opens it; `npm start` does, for this machine alone.
  ALLOW_ANONYMOUS: flag(false),
  METRICS_OPEN: flag(false),
  WEBHOOK_LOOPBACK: flag(false),
  SCRAM_USERS: z._default(userList, new Map()),
  ADMIN_KEY: z._default(adminKey, ""),
  TOPIC_SHARDS: integer(1, 1024, defaultSessionLimits.topicShards),
  TOPIC_SHARD_DEPTH: integer(1, 8, defaultSessionLimits.topicShardDepth),
  JURISDICTION: z._default(z.enum(jurisdictions), "none"),
  SHARD_LOCATION_HINT: z._default(z.enum(["none", ...locationHints]), "none"),
  DIRECTORY_SHARDS: integer(1, 64, 8),
  FAN_OUT_DIRECT_MAX: integer(0, 10_000, 1_000),
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
  AUTHENTICATION: z._default(listOf(authenticators), ["device-key", "password"]),
  ACCESS_DEFAULT: z._default(z.enum(["allow", "deny"]), "deny"),
  ACCESS_CACHE_SECONDS: integer(1, 3600, 30),
  ACCESS_GATES: integer(1, 1024, 16),
  CLIENT_ID_PATTERN: z._default(z.string().check(z.maxLength(256)), ""),
  SESSION_TAKEOVER: z._default(z.enum(["same-user", "anyone"]), defaultSessionLimits.sessionTakeover),
  DENIED_PUBLISH: z._default(z.enum(["acknowledge", "disconnect"]), defaultSessionLimits.deniedPublish),
  PUBLISH_MESSAGES_PER_SECOND: integer(0, 1_000_000, 0),
  PUBLISH_BYTES_PER_SECOND: integer(0, 10_000_000_000, 0),
  PUBLISH_BURST_SECONDS: integer(1, 3600, defaultSessionLimits.publishBurstSeconds),
  CONNECTS_PER_MINUTE_ADDRESS: integer(0, 1_000_000, 0),
  CONNECTS_PER_MINUTE_USER: integer(0, 1_000_000, 0),
  CONNECTIONS_PER_USER: integer(0, 32_000, 0),
  LOGIN_FAILURES_MAX: integer(1, 1000, 10),
  LOGIN_LOCKOUT_SECONDS: integer(1, 86_400, 300),
  FLAPPING_CONNECTS_PER_MINUTE: integer(0, 10_000, 0),
  FLAPPING_BAN_SECONDS: integer(1, 86_400, 300),
  WEBSOCKET_ORIGINS: z._default(origins, []),
  JWT_ALGORITHMS: z._default(listOf(jwtAlgorithms), ["RS256", "ES256", "EdDSA"]),
  JWT_ISSUER: text(1024),
  JWT_AUDIENCE: text(1024),
  JWT_USER_CLAIM: z._default(z.string().check(z.minLength(1), z.maxLength(64)), "sub"),
  JWT_GROUPS_CLAIM: z._default(z.string().check(z.maxLength(64)), "groups"),
  JWT_RULES_CLAIM: z._default(z.string().check(z.maxLength(64)), "acl"),
  JWT_JWKS_URL: address,
  JWT_KEYS: keySet,
  JWT_SECRET: z._default(z.string().check(z.refine((key) => key === "" || key.length >= 32, jwtSecretProblem)), ""),
  CERTIFICATE_USER: z._default(z.enum(["common-name", "fingerprint"]), "common-name"),
  CF_ACCESS_TEAM: address,
  CF_ACCESS_AUDIENCE: text(256),
  CF_ACCESS_SCOPES: z._default(grants, []),
  AUTH_HTTP_URL: address,
  AUTH_HTTP_TIMEOUT_MS: integer(100, 30_000, 5_000),
  AUTH_HTTP_AUTHORIZATION: text(4096),
});

export const variableNames = Object.keys(variables.shape) as readonly (keyof typeof variables.shape)[];

/** Variables that wrangler.toml must not list: a deployment has them from `wrangler secret`, this machine from .dev.vars. */
export const secretVariables = [
  "SCRAM_USERS",
  "ADMIN_KEY",
  "JWT_KEYS",
  "JWT_SECRET",
  "AUTH_HTTP_AUTHORIZATION",
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
      value: isSecret ? null : asWritten(values[name]),
      default: isSecret ? null : asWritten(defaults[name]),
      isSecret,
      source: isSet ? (isSecret ? "secret" : "variable") : "default",
    };
  });
}

/** A list as the variable has it. */
function asWritten(value: unknown): Setting["value"] {
  if (Array.isArray(value) && typeof value[0] === "object") {
    return value.map(({ selector, scopes }: AccessGrant) => `${selector}=${scopes.join("+")}`).join(", ");
  }
  return Array.isArray(value) ? value.join(", ") : (value as Setting["value"]);
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
  if (data.CF_ACCESS_TEAM !== "" && data.CF_ACCESS_AUDIENCE === "") {
    throw new Error(
      "Configuration: CF_ACCESS_TEAM needs CF_ACCESS_AUDIENCE, or tokens for other applications would do.",
    );
  }
  return {
    allowAnonymous: data.ALLOW_ANONYMOUS,
    metricsOpen: data.METRICS_OPEN,
    webhookLoopback: data.WEBHOOK_LOOPBACK,
    scramUsers: data.SCRAM_USERS,
    adminKey: data.ADMIN_KEY,
    topicShards: data.TOPIC_SHARDS,
    topicShardDepth: data.TOPIC_SHARD_DEPTH,
    directoryShards: data.DIRECTORY_SHARDS,
    fanOutDirectMax: data.FAN_OUT_DIRECT_MAX,
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
    authentication: data.AUTHENTICATION,
    accessDefault: data.ACCESS_DEFAULT,
    accessCacheMs: data.ACCESS_CACHE_SECONDS * 1000,
    accessGates: data.ACCESS_GATES,
    clientIdPattern: data.CLIENT_ID_PATTERN,
    sessionTakeover: data.SESSION_TAKEOVER,
    deniedPublish: data.DENIED_PUBLISH,
    publishMessagesPerSecond: data.PUBLISH_MESSAGES_PER_SECOND,
    publishBytesPerSecond: data.PUBLISH_BYTES_PER_SECOND,
    publishBurstSeconds: data.PUBLISH_BURST_SECONDS,
    connectsPerMinuteAddress: data.CONNECTS_PER_MINUTE_ADDRESS,
    connectsPerMinuteUser: data.CONNECTS_PER_MINUTE_USER,
    connectionsPerUser: data.CONNECTIONS_PER_USER,
    loginFailuresMax: data.LOGIN_FAILURES_MAX,
    loginLockoutMs: data.LOGIN_LOCKOUT_SECONDS * 1000,
    flappingConnectsPerMinute: data.FLAPPING_CONNECTS_PER_MINUTE,
    flappingBanMs: data.FLAPPING_BAN_SECONDS * 1000,
    webSocketOrigins: data.WEBSOCKET_ORIGINS,
    jwt: {
      algorithms: data.JWT_ALGORITHMS,
      issuer: data.JWT_ISSUER,
      audience: data.JWT_AUDIENCE,
      userClaim: data.JWT_USER_CLAIM,
      groupsClaim: data.JWT_GROUPS_CLAIM,
      rulesClaim: data.JWT_RULES_CLAIM,
      jwksUrl: data.JWT_JWKS_URL,
      keys: data.JWT_KEYS,
      secret: data.JWT_SECRET,
    },
    certificateUser: data.CERTIFICATE_USER,
    access: { team: data.CF_ACCESS_TEAM, audience: data.CF_ACCESS_AUDIENCE, scopes: data.CF_ACCESS_SCOPES },
    http: {
      url: data.AUTH_HTTP_URL,
      timeoutMs: data.AUTH_HTTP_TIMEOUT_MS,
      authorization: data.AUTH_HTTP_AUTHORIZATION,
    },
  };
}
