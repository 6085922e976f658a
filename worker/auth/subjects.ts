// Whom a change of the control database concerns, as words that gates compare. They stay with the sockets, which have little
// room: what is long goes by its hash.

import { createHash } from "node:crypto";
import type { BanKind } from "../d1/bans.ts";

export const everyone = "everyone";

/** Who connects from now on; whoever is connected is not disturbed. */
export const newcomers = "newcomers";

/** Characters of a name that stands as it is. */
const shownMax = 256;

export function userSubject(name: string): string {
  return subjectOf("user", name);
}

export function groupSubject(name: string): string {
  return subjectOf("group", name);
}

export function subjectOf(kind: "user" | "group" | "client" | "everyone" | BanKind, value: string): string {
  if (kind === "everyone") return everyone;
  return value.length > shownMax ? `${kind}#${createHash("sha256").update(value).digest("hex")}` : `${kind}:${value}`;
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

/** The one among them that is the user's. */
export function userSubjectIn(subjects: readonly string[]): string | undefined {
  return subjects.find((subject) => /^user[:#]/.test(subject));
}

/** The one among them that is the client id's. */
export function clientSubjectIn(subjects: readonly string[]): string | undefined {
  return subjects.find((subject) => /^client[:#]/.test(subject));
}
