// Users as one text, which is how a secret of the deployment carries them: `name:verifier`, separated by commas, spaces or
// line ends.

import { parseVerifier, type ScramVerifier } from "./verifier.ts";

export interface UserList {
  readonly users: ReadonlyMap<string, ScramVerifier>;
  /** What is wrong with the text. They name users, and repeat nothing that is secret. */
  readonly problems: readonly string[];
}

const nameCharactersMax = 128;

/** What a name may be so that it needs no quoting in the list, and no SASLprep: printable ASCII without `,` and `:`. */
export function isUserName(name: string): boolean {
  return name.length <= nameCharactersMax && /^[!-+\--9;-~]+$/.test(name);
}

export function parseUserList(text: string): UserList {
  const users = new Map<string, ScramVerifier>();
  const problems: string[] = [];
  const entries = text.split(/[\s,]+/).filter((entry) => entry !== "");
  for (const [index, entry] of entries.entries()) {
    const [name = "", rest] = entry.split(/:(.*)/);
    if (rest === undefined || !isUserName(name)) {
      problems.push(`entry ${index + 1} does not begin with the name of a user and a colon`);
      continue;
    }
    const verifier = parseVerifier(rest);
    if (typeof verifier === "string") problems.push(`the entry of ${name} ${verifier}`);
    else if (users.has(name)) problems.push(`${name} has more than one entry`);
    else users.set(name, verifier);
  }
  return { users, problems };
}
