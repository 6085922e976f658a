// A closed deployment, its users and rules, and clients that show credentials.

import { env } from "cloudflare:workers";
import { ReasonCode } from "../../../src/protocol/reason.ts";
import { reasonText } from "../../../src/protocol/reason-text.ts";
import { configOf } from "../../../worker/config.ts";
import { manage } from "./api.ts";
import { Client, type ConnectOptions, Refused, uniqueId } from "./client.ts";

const closed = { ALLOW_ANONYMOUS: "false", ACCESS_DEFAULT: "deny", ACCESS_GATES: "4" };

/** Configuration is read once in a runtime: a test file has one. */
export function configureAccess(variables: Readonly<Record<string, string>> = {}): void {
  const known = configOf({ ...env, ...closed, ...variables });
  if (known.accessGates !== 4) throw new Error("the configuration was read before");
}

export const password = "correct horse battery";

export interface TestUser {
  readonly name: string;
  /** How it connects. */
  readonly login: { readonly username: string; readonly password: string };
}

export interface TestRule {
  readonly effect?: "allow" | "deny";
  readonly action?: "publish" | "subscribe" | "all";
  readonly filter: string;
  readonly [field: string]: unknown;
}

/** A user with a device key, which costs no hashing, and these rules. */
export async function makeUser(rules: readonly TestRule[] = [], fields: object = {}): Promise<TestUser> {
  const name = uniqueId("user");
  await manage("POST", "/users", { name, ...fields });
  const { key } = await manage("POST", `/users/${name}/keys`, {});
  for (const rule of rules) await addRule({ subjectKind: "user", subject: name, ...rule });
  return { name, login: { username: name, password: key } };
}

let position = 0;

/** Behind those that were added before. */
export function addRule(rule: TestRule): Promise<{ id: string }> {
  return manage("POST", "/rules", { effect: "allow", position: ++position, ...rule });
}

export function connectAs(user: TestUser, options: ConnectOptions = {}): Promise<Client> {
  return Client.connect({ version: 5, ...user.login, ...options });
}

/** What HTTP says where CONNACK would have one of these codes. */
const statuses: readonly (readonly [number, readonly ReasonCode[]])[] = [
  [401, [ReasonCode.badUserNameOrPassword, ReasonCode.notAuthorized]],
  [403, [ReasonCode.banned, ReasonCode.clientIdentifierNotValid]],
  [429, [ReasonCode.connectionRateExceeded, ReasonCode.quotaExceeded]],
  [503, [ReasonCode.serverUnavailable, ReasonCode.serverBusy]],
];

/** The code in CONNACK, or for which an upgrade was refused. */
export async function codeFor(options: ConnectOptions): Promise<number | undefined> {
  try {
    return (await Client.attempt({ version: 5, ...options })).code;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const [, codes = []] = statuses.find(([status]) => status === error.status) ?? [];
    const code = codes.find((one) => reasonText(one) === error.text);
    if (code === undefined) throw error;
    return code;
  }
}

/** The code in SUBACK. */
export async function subscribeCode(client: Client, filter: string, qos: 0 | 1 | 2 = 1): Promise<unknown> {
  client.send({ cmd: "subscribe", messageId: client.packetId(), subscriptions: [{ topic: filter, qos }] });
  return (await client.expect("suback")).granted[0];
}

/** The code in PUBACK. */
export async function publishCode(client: Client, topic: string, options: object = {}): Promise<number | undefined> {
  client.publish(topic, "m", 1, options);
  return (await client.expect("puback")).reasonCode ?? 0;
}
