// The state file of Mosquitto's dynamic-security plugin: clients, groups, roles, defaults. Roles become rules of those who have
// them. Its order is kept by positions: what a client's own roles say, then its groups, then the defaults; within each, a
// higher priority earlier.

import * as z from "zod/mini";
import type { Rule } from "../../src/auth/rule.ts";
import { pbkdf2Hash, readHash } from "./mosquitto-passwords.ts";
import { type ImportPlan, type LeftBehind, nothing, type PlannedRule, type PlannedUser } from "./plan.ts";

const ranked = { priority: z._default(z.number(), 0) };
const roleReference = z.object({ rolename: z.string(), ...ranked });

const file = z.object({
  defaultACLAccess: z._default(
    z.partialRecord(z.enum(["publishClientSend", "publishClientReceive", "subscribe", "unsubscribe"]), z.boolean()),
    {},
  ),
  clients: z._default(
    z.array(
      z.object({
        username: z.string(),
        textname: z.optional(z.string()),
        clientid: z.optional(z.string()),
        disabled: z._default(z.boolean(), false),
        password: z.optional(z.string()),
        salt: z.optional(z.string()),
        iterations: z.optional(z.number()),
        encoded_password: z.optional(z.string()),
        roles: z._default(z.array(roleReference), []),
        groups: z._default(z.array(z.object({ groupname: z.string() })), []),
      }),
    ),
    [],
  ),
  groups: z._default(
    z.array(
      z.object({
        groupname: z.string(),
        roles: z._default(z.array(roleReference), []),
        clients: z._default(z.array(z.object({ username: z.string() })), []),
      }),
    ),
    [],
  ),
  roles: z._default(
    z.array(
      z.object({
        rolename: z.string(),
        acls: z._default(
          z.array(z.object({ acltype: z.string(), topic: z.string(), allow: z.boolean(), ...ranked })),
          [],
        ),
      }),
    ),
    [],
  ),
  anonymousGroup: z.optional(z.string()),
});

type DynamicSecurity = z.output<typeof file>;

const userPosition = 1_000;
const groupPosition = 100_000;
const defaultPosition = 900_000;

export function fromDynamicSecurity(text: string): ImportPlan {
  const state = file.parse(JSON.parse(text));
  const left: LeftBehind[] = [];
  const rules = [
    ...state.clients.flatMap(({ username, roles }) =>
      rulesOf(state, roles, { subjectKind: "user", subject: username }, userPosition),
    ),
    ...state.groups.flatMap(({ groupname, roles }) =>
      rulesOf(state, roles, { subjectKind: "group", subject: groupname }, groupPosition),
    ),
    ...defaultRules(state),
  ];
  const groups = state.groups.map(({ groupname }) => groupname);
  const users = state.clients.map((client) => userOf(state, client, left));
  left.push(...differences(state, users));
  return { ...nothing, users, groups, rules, left };
}

function userOf(state: DynamicSecurity, client: DynamicSecurity["clients"][number], left: LeftBehind[]): PlannedUser {
  const { username: name, disabled, clientid, textname } = client;
  const { encoded_password: encoded, password, salt, iterations } = client;
  const read = encoded !== undefined ? readHash(encoded) : pbkdf2Hash(iterations ?? 0, salt ?? "", password ?? "");
  const hasPassword = encoded !== undefined || password !== undefined;
  if (hasPassword && typeof read !== "string") left.push({ where: `password of ${name}`, why: read.why });
  if (clientid !== undefined) {
    left.push({
      where: `client id of ${name}`,
      why: `it may only be ${clientid} there; here CLIENT_ID_PATTERN binds all client ids to their users`,
    });
  }
  const memberships = new Set([
    ...client.groups.map(({ groupname }) => groupname),
    ...state.groups
      .filter(({ clients }) => clients.some((one) => one.username === name))
      .map(({ groupname }) => groupname),
  ]);
  return {
    name,
    ...(hasPassword && typeof read === "string" ? { passwordHash: read } : {}),
    groups: [...memberships].sort(),
    disabled,
    comment: textname ?? "from Mosquitto's dynamic security",
  };
}

function rulesOf(
  { roles }: DynamicSecurity,
  references: readonly z.output<typeof roleReference>[],
  subject: Pick<Rule, "subjectKind" | "subject">,
  base: number,
): PlannedRule[] {
  const rules = byPriority(references).flatMap(({ rolename }) => {
    const role = roles.find((one) => one.rolename === rolename);
    return byPriority(role?.acls ?? []).flatMap(({ acltype, topic, allow }) => {
      const action = actionOf(acltype, allow);
      if (action === undefined) return [];
      const effect: Rule["effect"] = allow ? "allow" : "deny";
      return [{ effect, action, ...subject, filter: topic, comment: `role ${rolename}, ${acltype}` }];
    });
  });
  return rules.map((rule, index) => ({ position: base + index, ...rule }));
}

/**
 * Delivery goes by the rules for subscribing here, so being allowed to receive is no rule of its own. Unsubscribing is always
 * allowed.
 */
function actionOf(type: string, allow: boolean): Rule["action"] | undefined {
  if (type === "publishClientSend") return "publish";
  if (type === "subscribePattern" || type === "subscribeLiteral" || type === "subscribe") return "subscribe";
  return type === "publishClientReceive" && !allow ? "subscribe" : undefined;
}

function defaultRules({ defaultACLAccess }: DynamicSecurity): PlannedRule[] {
  const everyone = {
    subjectKind: "everyone",
    subject: "",
    filter: "#",
    effect: "allow",
    comment: "default of Mosquitto's dynamic security",
  } as const;
  const actions: Rule["action"][] = [];
  if (defaultACLAccess.publishClientSend) actions.push("publish");
  if (defaultACLAccess.subscribe) actions.push("subscribe");
  return actions.map((action, index) => ({ position: defaultPosition + index, action, ...everyone }));
}

function differences(
  { anonymousGroup, roles, defaultACLAccess }: DynamicSecurity,
  users: readonly PlannedUser[],
): LeftBehind[] {
  const left: LeftBehind[] = [];
  if (anonymousGroup !== undefined) {
    left.push({
      where: `anonymous group ${anonymousGroup}`,
      why: "clients without a name have no rules of their own here",
    });
  }
  for (const { rolename, acls } of roles) {
    for (const { acltype, topic, allow } of acls) {
      const isWide = acltype === "subscribeLiteral" && /[+#]/.test(topic);
      if (isWide)
        left.push({
          where: `role ${rolename}`,
          why: `${topic} literally: here it ${allow ? "allows" : "denies"} what it covers as well`,
        });
      if (acltype.startsWith("unsubscribe") && !allow)
        left.push({ where: `role ${rolename}`, why: "nobody is kept from unsubscribing here" });
    }
  }
  for (const { name, groups } of users) {
    if (groups.length > 1)
      left.push({
        where: `user ${name}`,
        why: `in ${groups.length} groups: which of them comes first for this user is lost`,
      });
  }
  if (defaultACLAccess.publishClientReceive === false) {
    left.push({
      where: "defaults",
      why: "receiving is denied there unless a role allows it; here it goes with the subscription",
    });
  }
  return left;
}

function byPriority<Item extends { readonly priority: number }>(items: readonly Item[]): Item[] {
  return items.toSorted((one, other) => other.priority - one.priority);
}
