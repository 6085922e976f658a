// Whatever a client shows is compared with what is kept in a time that says nothing about either: each comparison is one of
// `timingSafeEqual`, right and wrong alike.

import { timingSafeEqual } from "node:crypto";
import { beforeEach, expect, test, vi } from "vitest";
import { hashPassword, isPassword } from "../../../worker/auth/password.ts";
import { scramServer } from "../../../worker/auth/scram.ts";
import { hashOf, isSecret } from "../../../worker/auth/secret.ts";
import { VerifiedPasswords } from "../../../worker/auth/verified-passwords.ts";

vi.mock("node:crypto", async (original) => {
  const crypto = await original<typeof import("node:crypto")>();
  return { ...crypto, timingSafeEqual: vi.fn(crypto.timingSafeEqual) };
});

const compared = vi.mocked(timingSafeEqual);
const bytes = (text: string) => new TextEncoder().encode(text);

beforeEach(() => void compared.mockClear());

test.each(["right", "wrong"])("the admin key, API keys and device keys: %s", (shown) => {
  expect(isSecret(shown, hashOf("right"))).toBe(shown === "right");
  expect(compared).toHaveBeenCalledTimes(1);
});

test.each(["right", "wrong"])("passwords, of users that are there and that are not: %s", async (shown) => {
  const stored = await hashPassword("right");
  expect(await isPassword(bytes(shown), stored)).toBe(shown === "right");
  expect(await isPassword(bytes(shown), undefined)).toBe(false);
  expect(compared).toHaveBeenCalledTimes(2);
});

test.each(["right", "wrong"])("passwords that were verified before: %s", (shown) => {
  const known = new VerifiedPasswords();
  known.remember("anna", bytes("right"), "hash");
  expect(known.isKnown("anna", bytes(shown), "hash")).toBe(shown === "right");
  expect(compared).toHaveBeenCalledTimes(1);
});

test("proofs of SCRAM", () => {
  expect(scramServer(new Map()).areEqual).toBe(timingSafeEqual);
});
