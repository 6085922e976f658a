// What is known of the control database, in the words of those who decide about a connection.

import type { LimitOverrides } from "../../src/auth/limits.ts";
import type { NamedTemplate } from "../../src/session/template.ts";
import { activeBansQuery, type BanKind, toBan } from "../d1/bans.ts";
import { type Control, type Row, revisionQuery } from "../d1/control.ts";
import { type DeviceKey, deviceKeysQuery, toDeviceKey } from "../d1/device-keys.ts";
import { allGroupsQuery, toGroup } from "../d1/groups.ts";
import { rulesOfUserQuery, type StoredRule, sharedRulesQuery, toRule } from "../d1/rules.ts";
import { allTemplatesQuery, toTemplate } from "../d1/templates.ts";
import { runningTracesQuery, type Trace, toTrace } from "../d1/traces.ts";
import { groupsOfUserQuery, type StoredUser, toUser, userQuery } from "../d1/users.ts";

/** All that concerns more than one user. */
export interface Policy {
  /** Of the database when it was read. */
  readonly revision: number;
  /** By kind and value: when the ban ends; Infinity for never. */
  readonly bans: ReadonlyMap<string, number>;
  readonly rules: readonly StoredRule[];
  readonly groupLimits: ReadonlyMap<string, LimitOverrides>;
  /** In their order. */
  readonly templates: readonly NamedTemplate[];
  /** That follow clients or addresses. */
  readonly traces: readonly Trace[];
}

/** All that concerns one user, whether the database has one of that name or not. */
export interface KnownUser {
  readonly revision: number;
  readonly user: StoredUser | undefined;
  readonly groups: readonly string[];
  readonly rules: readonly StoredRule[];
  readonly keys: readonly DeviceKey[];
}

/** What the API lets there be, with room for what two calls at once may add. */
const bansMax = 12_000;
const rulesMax = 6_000;
const groupsMax = 1_200;
const keysMax = 120;
const templatesMax = 220;
const tracesMax = 40;

export function banKey(kind: BanKind, value: string): string {
  return `${kind}:${value}`;
}

export function isBanned({ bans }: Policy, kind: BanKind, value: string | undefined, nowMs: number): boolean {
  return value !== undefined && (bans.get(banKey(kind, value)) ?? 0) > nowMs;
}

export async function readPolicy(control: Control, nowMs: number): Promise<Policy> {
  const [revision, bans = [], rules = [], groups = [], templates = [], traces = []] = await control.read([
    control.statement(revisionQuery),
    activeBansQuery(control, nowMs, bansMax),
    sharedRulesQuery(control, rulesMax),
    allGroupsQuery(control, groupsMax),
    allTemplatesQuery(control, templatesMax),
    runningTracesQuery(control, nowMs, tracesMax),
  ]);
  return {
    revision: revisionIn(revision),
    bans: new Map(
      bans.map(toBan).map(({ kind, value, untilMs = Number.POSITIVE_INFINITY }) => [banKey(kind, value), untilMs]),
    ),
    rules: rules.map(toRule),
    groupLimits: new Map(groups.map(toGroup).map(({ name, limits }) => [name, limits])),
    templates: templates.map(toTemplate),
    traces: traces.map(toTrace),
  };
}

export async function readKnownUser(control: Control, name: string): Promise<KnownUser> {
  const [revision, users = [], groups = [], rules = [], keys = []] = await control.read([
    control.statement(revisionQuery),
    userQuery(control, name),
    groupsOfUserQuery(control, name),
    rulesOfUserQuery(control, name),
    deviceKeysQuery(control, name, keysMax),
  ]);
  const [user] = users;
  return {
    revision: revisionIn(revision),
    user: user === undefined ? undefined : toUser(user),
    groups: groups.map((row) => row["user_group"] as string),
    rules: rules.map(toRule),
    keys: keys.map(toDeviceKey),
  };
}

function revisionIn(rows: readonly Row[] | undefined): number {
  return (rows?.[0]?.["number"] as number | undefined) ?? 0;
}
