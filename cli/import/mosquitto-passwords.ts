// Mosquitto's password file: `name:$7$iterations$salt$hash` (PBKDF2-SHA512), `name:$6$salt$hash` (SHA-512 of password and salt),
// as mosquitto_passwd writes them.

import { decodeBase64 } from "../../src/auth/base64.ts";
import {
  formatPasswordRecord,
  type PasswordRecord,
  parsePasswordRecord,
  pbkdf2IterationsMax,
} from "../../src/auth/password-record.ts";
import { type ImportPlan, type LeftBehind, nothing, type PlannedUser } from "./plan.ts";

export function fromPasswordFile(text: string): ImportPlan {
  const users: PlannedUser[] = [];
  const left: LeftBehind[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const at = line.indexOf(":");
    if (at < 1) {
      left.push({ where: `line ${index + 1}`, why: "not of the form name:hash" });
      continue;
    }
    const name = line.slice(0, at);
    const read = readHash(line.slice(at + 1));
    if (typeof read !== "string") left.push({ where: `password of ${name}`, why: read.why });
    users.push({
      name,
      ...(typeof read === "string" ? { passwordHash: read } : {}),
      groups: [],
      disabled: false,
      comment: "from a Mosquitto password file",
    });
  }
  return { ...nothing, users, left };
}

/** The hash in our words, or why it cannot be carried over. */
export function readHash(text: string): string | { readonly why: string } {
  const [, kind, ...fields] = text.split("$");
  if (!text.startsWith("$") || kind === undefined)
    return { why: "not hashed: run `mosquitto_passwd -U` on the file first" };
  if (kind === "7") return pbkdf2Hash(Number(fields[0]), fields[1] ?? "", fields[2] ?? "");
  if (kind === "6") {
    const [salt, hash] = fields.map(decodeBase64);
    return checked(salt && hash && { kind: "digest", digest: "sha512", saltIs: "suffix", salt, hash });
  }
  return { why: `hashes of the kind ${kind} cannot be verified by the runtime: set a new password` };
}

export function pbkdf2Hash(iterations: number, saltText: string, hashText: string): string | { readonly why: string } {
  if (iterations > pbkdf2IterationsMax) {
    return { why: `${iterations} iterations, and the platform computes ${pbkdf2IterationsMax}: set a new password` };
  }
  const [salt, hash] = [decodeBase64(saltText), decodeBase64(hashText)];
  return checked(salt && hash && { kind: "pbkdf2", digest: "sha512", iterations, salt, hash });
}

function checked(record: PasswordRecord | undefined): string | { readonly why: string } {
  const text = record === undefined ? "" : formatPasswordRecord(record);
  return parsePasswordRecord(text) === undefined ? { why: "the hash is damaged" } : text;
}
