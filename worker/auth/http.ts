// An authenticator of the operator's own, asked over HTTP. Whatever it does not say in time and in the right form lets nobody
// in. It is asked at each CONNECT: what it says is its business alone.

import * as z from "zod/mini";
import { type OverridableLimit, overridableLimits } from "../../src/auth/limits.ts";
import { readOwnRules } from "../../src/auth/own-rules.ts";
import type { HttpSettings } from "../config.ts";
import { admitted, type Credentials, pass, unavailable, type Verdict, wrong } from "./credentials.ts";
import { identity } from "./identity.ts";

const answerBytesMax = 65_536;
/** What the names of users and groups are like: connections carry them, and have little room. */
const visible = z.string().check(z.minLength(1), z.maxLength(256), z.regex(/^\P{C}+$/u));

const answer = z.object({
  result: z.enum(["allow", "deny", "ignore"]),
  user: z.optional(visible),
  groups: z._default(z.array(visible).check(z.maxLength(50)), []),
  rules: z.optional(z.unknown()),
  limits: z._default(z.partialRecord(z.enum(overridableLimits), z.int().check(z.minimum(0))), {}),
  expiresAtMs: z.optional(z.int().check(z.minimum(0))),
});

export async function authenticateHttp(credentials: Credentials, settings: HttpSettings): Promise<Verdict> {
  const { username, password, clientId, address, version } = credentials;
  if (settings.url === "" || (username === undefined && password === undefined)) return pass;
  let text: string;
  try {
    text = await ask(settings, {
      username,
      password: password === undefined ? undefined : new TextDecoder().decode(password),
      clientId,
      address,
      version,
    });
  } catch (error) {
    return unavailable("http-authenticator", `the HTTP authenticator does not answer: ${(error as Error).message}`);
  }
  return verdictOf(text, username);
}

async function ask({ url, timeoutMs, authorization }: HttpSettings, question: object): Promise<string> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json",
      ...(authorization === "" ? {} : { Authorization: authorization }),
    },
    body: JSON.stringify(question),
    // Credentials go to this address and no other.
    redirect: "manual",
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.status !== 200) throw new Error(`status ${response.status}`);
  const text = await response.text();
  if (text.length > answerBytesMax) throw new Error("the answer is too long");
  return text;
}

function verdictOf(text: string, username: string | undefined): Verdict {
  const read = answer.safeParse(jsonOrNothing(text));
  if (!read.success)
    return unavailable("http-authenticator", "the HTTP authenticator's answer is not of the right form");
  const { result, user = visible.safeParse(username).data, groups, rules: ownRules, limits, expiresAtMs } = read.data;
  if (result === "ignore") return pass;
  if (result === "deny") return wrong("http-authenticator", "the HTTP authenticator denies it");
  const rules = readOwnRules(ownRules);
  if (typeof rules === "string") return unavailable("http-authenticator", `the HTTP authenticator's rules: ${rules}`);
  if (user === undefined) {
    return unavailable(
      "http-authenticator",
      "the HTTP authenticator names no user, and the client none that could be one",
    );
  }
  return admitted(
    identity("http", user, {
      groups,
      rules,
      limits: limits as { [Name in OverridableLimit]?: number },
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    }),
  );
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
