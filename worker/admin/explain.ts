// Why: what a client may do and by which rule, and what it was refused lately.

import * as z from "zod/mini";
import { type AccessRule, type Decision, decidePublish, decideSubscribe } from "../../src/auth/access.ts";
import { filterProblem } from "../../src/auth/placeholders.ts";
import type { ProtocolFailure } from "../../src/protocol/failure.ts";
import { parseDelayed } from "../../src/topic/delayed.ts";
import { topicNameProblem } from "../../src/topic/name.ts";
import { parseFilter } from "../../src/topic/share.ts";
import { anonymous, identity, rightsOf } from "../auth/identity.ts";
import { readKnownUser, readPolicy } from "../auth/known.ts";
import { banAtTheDoor, failureAtTheDesk } from "../auth/standing.ts";
import { configOf } from "../config.ts";
import { gateOf } from "../gate/gates.ts";
import { invalid } from "./problem.ts";
import { route } from "./route.ts";
import { name, none } from "./schemas.ts";

const tag = "Explain";
const clientId = z.string().check(z.minLength(1), z.maxLength(65_535));

const rule = z.object({
  id: z.string(),
  effect: z.string(),
  action: z.string(),
  filter: z.string(),
  qos: z.optional(z.array(z.number())),
  retain: z.optional(z.boolean()),
});

const question = z.strictObject({
  user: z.optional(name),
  clientId,
  /** Whether it is banned counts as well. */
  address: z.optional(z.string().check(z.minLength(1), z.maxLength(256))),
  groups: z._default(z.array(name).check(z.maxLength(50)), []),
  claims: z._default(z.record(z.string(), z.string()), {}),
  action: z.enum(["publish", "subscribe"]),
  topic: z.string().check(z.minLength(1), z.maxLength(65_535)),
  qos: z._default(z.literal([0, 1, 2]), 0),
  retain: z._default(z.boolean(), false),
});

const verdict = z.object({
  isAllowed: z.boolean(),
  why: z.string(),
  rule: z.nullable(rule),
  remedy: z.nullable(z.string()),
  rulesTried: z.number(),
});

const refusals = z.object({
  items: z.array(
    z.object({
      atMs: z.number(),
      reason: z.string(),
      detail: z.string(),
      count: z.number(),
      user: z.optional(z.string()),
      address: z.string(),
      remedy: z.string(),
    }),
  ),
});

type Question = z.output<typeof question>;

function decide({ action, topic, qos, retain }: Question, access: Parameters<typeof decidePublish>[0]): Decision {
  if (action === "publish") {
    const behind = parseDelayed(topic)?.topic ?? topic;
    if (topicNameProblem(behind) !== undefined)
      throw invalid("body.topic", `is no topic name: ${topicNameProblem(behind)}`);
    return decidePublish(access, { topic: behind, qos, retain });
  }
  const parsed = parseFilter(topic);
  if (typeof parsed === "string") throw invalid("body.topic", `is no topic filter: ${parsed}`);
  return decideSubscribe(access, { filter: parsed.filter, qos, isShared: parsed.group !== undefined });
}

function show(decided: AccessRule | undefined) {
  if (decided === undefined) return null;
  return { ...decided, ...(decided.qos === undefined ? {} : { qos: [...decided.qos] }) };
}

/** A rule that would say otherwise. */
function remedyFor({ user, clientId: client, action, topic }: Question, decided: AccessRule | undefined): string {
  const [kind, subject] = user === undefined ? ["client", client] : ["user", user];
  const filter = filterProblem(topic) === undefined ? topic : "<the topic>";
  const body = JSON.stringify({ effect: "allow", action, subjectKind: kind, subject, filter });
  const position = decided === undefined ? "" : `, with a position before that of rule ${decided.id}`;
  return `POST /api/v1/rules ${body}${position}`;
}

const liftBan = (kind: "address" | "client" | "user", value: string) =>
  `DELETE /api/v1/bans/${kind}/${encodeURIComponent(value)}`;
const pattern = "Use a client id that CLIENT_ID_PATTERN allows the user.";

/** What keeps a client out whatever its rules, by the name that refusals have for it. */
function outside({ rule, detail }: ProtocolFailure, { clientId: client, address = "", user = "" }: Question) {
  switch (rule) {
    case "banned-address":
      return ofWho("the address is banned", liftBan("address", address));
    case "banned-client":
      return ofWho("the client id is banned", liftBan("client", client));
    case "banned-user":
      return ofWho("the user is banned", liftBan("user", user));
    case "reserved-client-id":
      return ofWho("the client id is a webhook's", "Use another client id.");
    default:
      return ofWho(detail, pattern);
  }
}

const remedies: readonly (readonly [RegExp, string])[] = [
  [
    // A will that refuses its connection is named in the detail.
    /^(publish|subscribe|will|delivery)-denied/,
    "POST /api/v1/explain says which rule decides, and what would allow it.",
  ],
  [
    /Banned|^banned/i,
    "Lift the ban: GET and DELETE /api/v1/bans. After failed logins, wait for LOGIN_LOCKOUT_SECONDS.",
  ],
  [/Bad user name or password/, "Check the user and its password or key: GET /api/v1/users/{name}."],
  [/^client-id-pattern/, pattern],
  [/^session-of-another/, "Connect as the user whose session it is, end that session, or see SESSION_TAKEOVER."],
  [
    /^connections-user/,
    "Raise connectionsMax of the user or its group, or CONNECTIONS_PER_USER, or end a connection: GET /api/v1/clients.",
  ],
  [/rate/i, "Raise the limit of the user or group, or of the deployment, or slow the client."],
];

export const explainRoutes = [
  route({
    method: "POST",
    path: "/explain",
    scope: "read",
    tag,
    summary: "Ask whether a client may publish or subscribe, and why",
    description:
      "Nothing happens. A ban, or a client id that the user may not have, decides before any rule; that of an address if it is given. Groups and claims are those of a token, besides what the control database has. A `topic` is a topic name, or a filter for " +
      "`subscribe`, with `$share` and `$delayed` as a client writes them.",
    params: none,
    query: none,
    body: question,
    answers: { status: 200, description: "The decision, and the rule that made it.", schema: verdict },
    async handle({ env, control, body, nowMs }) {
      const policy = await readPolicy(control, nowMs);
      const known = body.user === undefined ? undefined : await readKnownUser(control, body.user);
      const { groups, claims } = body;
      const who = body.user === undefined ? anonymous : identity("jwt", body.user, { groups, claims });
      if (known?.user?.disabled) {
        const path = `/api/v1/users/${encodeURIComponent(known.user.name)}`;
        return ofWho("the user is disabled", `PATCH ${path} {"disabled":false}`);
      }
      const config = configOf(env);
      const failure =
        banAtTheDoor(body.clientId, body.address ?? "", policy) ??
        failureAtTheDesk(body.clientId, body.user, policy, config);
      if (failure !== undefined) return outside(failure, body);
      const { whole } = rightsOf(who, body.clientId, known, policy, config);
      const decision = decide(body, whole);
      const decided = whole.rules.find(({ id }) => id === decision.rule);
      const byDefault = `no rule decides, and ACCESS_DEFAULT is ${whole.otherwise}`;
      return {
        status: 200,
        body: {
          isAllowed: decision.isAllowed,
          why: decided === undefined ? byDefault : `rule ${decided.id} ${decided.effect}s it`,
          rule: show(decided),
          remedy: decision.isAllowed ? null : remedyFor(body, decided),
          rulesTried: whole.rules.length,
        },
      };
    },
  }),
  route({
    method: "GET",
    path: "/explain/clients/{clientId}",
    scope: "read",
    tag,
    summary: "List what a client was refused lately",
    description: "The newest first. Under a flood of refusals each copy of the Worker notes a few a second.",
    params: z.strictObject({ clientId }),
    query: none,
    answers: { status: 200, description: "Refusals.", schema: refusals },
    async handle({ env, path }) {
      const noted = await gateOf(env, path.clientId).refusals(path.clientId);
      const items = noted.map((one) => {
        const [, remedy = "See docs/operations.md for the reason."] =
          remedies.find(([pattern]) => pattern.test(one.reason) || pattern.test(one.detail)) ?? [];
        return { ...one, remedy };
      });
      return { status: 200, body: { items } };
    },
  }),
];

function ofWho(why: string, remedy: string) {
  return { status: 200, body: { isAllowed: false, why, rule: null, remedy, rulesTried: 0 } };
}
