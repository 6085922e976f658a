// EMQX: the built-in database's users as its import and export have them (JSON, CSV), and its rules and bans as its HTTP API
// lists them. How passwords are hashed stands in EMQX's configuration and not in its data, so the caller says it.

import * as z from "zod/mini";
import { type Digest, formatPasswordRecord, pbkdf2IterationsMax } from "../../src/auth/password-record.ts";
import type { Rule } from "../../src/auth/rule.ts";
import {
  type ImportPlan,
  type LeftBehind,
  nothing,
  type PlannedBan,
  type PlannedRule,
  type PlannedUser,
} from "./plan.ts";

export interface EmqxHashing {
  readonly algorithm: Digest | "pbkdf2-sha256" | "pbkdf2-sha512";
  readonly saltIs: "prefix" | "suffix";
  /** Of PBKDF2. */
  readonly iterations: number;
}

const superuserPosition = 0;
const rulePositions: Readonly<Record<"client" | "user" | "everyone", number>> = {
  client: 1_000,
  user: 2_000,
  everyone: 900_000,
};

const exportedUser = z.object({
  user_id: z.string(),
  password_hash: z._default(z.string(), ""),
  salt: z._default(z.string(), ""),
  is_superuser: z._default(z.union([z.boolean(), z.stringbool()]), false),
});

export function fromEmqxUsers(text: string, hashing: EmqxHashing): ImportPlan {
  const entries = z.array(exportedUser).parse(/^\s*\[/.test(text) ? JSON.parse(text) : fromCsv(text));
  const users: PlannedUser[] = [];
  const rules: PlannedRule[] = [];
  const left: LeftBehind[] = [];
  for (const { user_id: name, password_hash: hash, salt, is_superuser: isSuperuser } of entries) {
    const passwordHash = hashOf(hash, salt, hashing);
    if (passwordHash === undefined) left.push({ where: `password of ${name}`, why: whyNot(hash, hashing) });
    users.push({
      name,
      ...(passwordHash === undefined ? {} : { passwordHash }),
      groups: [],
      disabled: false,
      comment: "from EMQX",
    });
    if (isSuperuser) {
      rules.push({
        position: superuserPosition,
        effect: "allow",
        action: "all",
        subjectKind: "user",
        subject: name,
        filter: "#",
        comment: "superuser in EMQX",
      });
    }
  }
  return { ...nothing, users, rules, left };
}

function hashOf(
  hashText: string,
  saltText: string,
  { algorithm, saltIs, iterations }: EmqxHashing,
): string | undefined {
  const hash = fromHex(hashText);
  // The salt is hashed as the text that it is.
  const salt = new TextEncoder().encode(saltText);
  if (hash === undefined) return undefined;
  if (algorithm === "sha256" || algorithm === "sha512") {
    const isRight = hash.length === (algorithm === "sha256" ? 32 : 64);
    return isRight ? formatPasswordRecord({ kind: "digest", digest: algorithm, saltIs, salt, hash }) : undefined;
  }
  if (iterations > pbkdf2IterationsMax || hash.length < 20 || hash.length > 64) return undefined;
  const digest = algorithm === "pbkdf2-sha256" ? "sha256" : "sha512";
  return formatPasswordRecord({ kind: "pbkdf2", digest, iterations, salt, hash });
}

function whyNot(hash: string, { algorithm, iterations }: EmqxHashing): string {
  if (hash.startsWith("$2")) return "bcrypt cannot be verified by the runtime: set a new password";
  if (algorithm.startsWith("pbkdf2") && iterations > pbkdf2IterationsMax) {
    return `${iterations} iterations, and the platform computes ${pbkdf2IterationsMax}: set a new password`;
  }
  return `not a hash of the kind ${algorithm}: see --hash`;
}

function fromHex(text: string): Uint8Array | undefined {
  return /^(?:[0-9a-f]{2})+$/i.test(text) ? Uint8Array.from(Buffer.from(text, "hex")) : undefined;
}

/** EMQX writes these without quotes. */
function fromCsv(text: string): Record<string, string>[] {
  const [head = "", ...lines] = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const names = head.split(",").map((name) => name.trim());
  return lines.map((line) => {
    const fields = line.split(",");
    return Object.fromEntries(names.map((name, index) => [name, fields[index]?.trim() ?? ""]));
  });
}

const exportedRule = z.object({
  topic: z.string(),
  permission: z.enum(["allow", "deny"]),
  action: z._default(z.enum(["publish", "subscribe", "all"]), "all"),
  qos: z.optional(z.array(z.literal([0, 1, 2]))),
  retain: z.optional(z.union([z.boolean(), z.stringbool(), z.literal("all")])),
});

const exportedRules = z.object({
  username: z.optional(z.string()),
  clientid: z.optional(z.string()),
  rules: z.array(exportedRule),
});

export function fromEmqxRules(text: string): ImportPlan {
  const rules: PlannedRule[] = [];
  const left: LeftBehind[] = [];
  for (const { username, clientid, rules: entries } of listed(text, exportedRules)) {
    const subjectKind = username !== undefined ? "user" : clientid !== undefined ? "client" : "everyone";
    const subject = username ?? clientid ?? "";
    for (const [index, entry] of entries.entries()) {
      const filter = filterOf(entry.topic);
      if (filter === undefined)
        left.push({
          where: `rule for ${subject || "everyone"}: ${entry.topic}`,
          why: "no placeholder or form that rules have here",
        });
      else
        rules.push({
          position: rulePositions[subjectKind] + index,
          subjectKind,
          subject,
          filter,
          ...restOf(entry),
          comment: "from EMQX",
        });
    }
  }
  return { ...nothing, rules, left };
}

function restOf({
  permission,
  action,
  qos,
  retain,
}: z.output<typeof exportedRule>): Pick<Rule, "effect" | "action" | "qos" | "retain"> {
  const isAnyQos = qos === undefined || new Set(qos).size === 3;
  return {
    effect: permission,
    action,
    ...(isAnyQos ? {} : { qos }),
    ...(typeof retain === "boolean" && action !== "subscribe" ? { retain } : {}),
  };
}

/** `eq ` asks for the filter literally; without wildcards that is the same. */
function filterOf(topic: string): string | undefined {
  const literal = /^eq (.*)$/s.exec(topic)?.[1];
  if (literal !== undefined) return /[+#]/.test(literal) ? undefined : literal;
  const filter = topic.replaceAll(/\$\{clientid\}/g, "%c").replaceAll(/\$\{username\}/g, "%u");
  return filter.includes("${") ? undefined : filter;
}

const exportedBan = z.object({
  as: z.string(),
  who: z.string(),
  reason: z._default(z.string(), ""),
  until: z._default(z.string(), "infinity"),
});
const banKinds: Readonly<Record<string, PlannedBan["kind"]>> = {
  clientid: "client",
  username: "user",
  peerhost: "address",
};

export function fromEmqxBanned(text: string, nowMs: number): ImportPlan {
  const bans: PlannedBan[] = [];
  const left: LeftBehind[] = [];
  for (const { as, who, reason, until } of listed(text, exportedBan)) {
    const kind = banKinds[as];
    const untilMs = until === "infinity" ? null : Date.parse(until);
    if (kind === undefined) left.push({ where: `ban of ${who}`, why: `bans by ${as} do not exist here` });
    else if (Number.isNaN(untilMs)) left.push({ where: `ban of ${who}`, why: `no time: ${until}` });
    else if (untilMs === null || untilMs > nowMs)
      bans.push({ kind, value: who, untilMs, comment: reason || "from EMQX" });
  }
  return { ...nothing, bans, left };
}

/** The API wraps lists in `data`; what was exported page by page is one such object on a line. */
function listed<Schema extends z.ZodMiniType>(text: string, schema: Schema): z.output<Schema>[] {
  const values = /^\s*\{[\s\S]*\}\s*\n\s*\{/.test(text)
    ? text.split("\n").filter((line) => line.trim() !== "")
    : [text];
  return values.flatMap((value) => {
    const parsed: unknown = JSON.parse(value);
    const items = Array.isArray(parsed)
      ? parsed
      : (parsed as { data?: unknown }).data !== undefined
        ? (parsed as { data: unknown }).data
        : [parsed];
    return z.array(schema).parse(items);
  });
}
