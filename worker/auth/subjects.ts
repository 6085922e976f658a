// Whom a change of the control database concerns, as words that gates compare.

import type { BanKind } from "../d1/bans.ts";

export const everyone = "everyone";

/** Who connects from now on; whoever is connected is not disturbed. */
export const newcomers = "newcomers";

export function userSubject(name: string): string {
  return `user:${name}`;
}

export function groupSubject(name: string): string {
  return `group:${name}`;
}

export function subjectOf(kind: "user" | "group" | "client" | "everyone" | BanKind, value: string): string {
  return kind === "everyone" ? everyone : `${kind}:${value}`;
}

export function subjectsOf(
  user: string | undefined,
  groups: readonly string[],
  clientId: string,
  address: string,
): string[] {
  return [
    everyone,
    ...(user === undefined ? [] : [userSubject(user)]),
    ...groups.map(groupSubject),
    subjectOf("client", clientId),
    subjectOf("address", address),
  ];
}
