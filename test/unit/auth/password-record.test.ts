// Stored passwords as text: what is written is read, and nothing else is.

import { expect, test } from "vitest";
import { formatPasswordRecord, type PasswordRecord, parsePasswordRecord } from "../../../src/auth/password-record.ts";
import { hashPassword, isOutdated, isPassword } from "../../../worker/auth/password.ts";

const salt = Uint8Array.of(1, 2, 3);
const hash32 = new Uint8Array(32).fill(7);
const hash64 = new Uint8Array(64).fill(9);

test.each<PasswordRecord>([
  { kind: "scrypt", costLog2: 14, blockSize: 8, parallelization: 5, salt, hash: hash32 },
  { kind: "pbkdf2", digest: "sha512", iterations: 101, salt, hash: hash64 },
  { kind: "pbkdf2", digest: "sha256", iterations: 100_000, salt, hash: hash32 },
  { kind: "digest", digest: "sha512", saltIs: "suffix", salt, hash: hash64 },
  { kind: "digest", digest: "sha256", saltIs: "prefix", salt: new Uint8Array(0), hash: hash32 },
])("$kind comes back as it was", (record) => {
  expect(parsePasswordRecord(formatPasswordRecord(record))).toEqual(record);
});

const [short, long] = [Buffer.from(hash32).toString("base64"), Buffer.from(hash64).toString("base64")];

test.each([
  "",
  "plain",
  `scrypt$14$8$AQID$${short}`,
  `scrypt$14$8$5$AQID$${long}`,
  `scrypt$140$8$5$AQID$${short}`,
  `pbkdf2$sha512$100001$AQID$${long}`,
  `pbkdf2$sha512$0$AQID$${long}`,
  `pbkdf2$md5$101$AQID$${short}`,
  `pbkdf2$sha512$101$AQID$${Buffer.alloc(19).toString("base64")}`,
  `pbkdf2$sha512$101$AQID$${Buffer.alloc(65).toString("base64")}`,
  `digest$sha256$middle$AQID$${short}`,
  `digest$sha256$prefix$prefix$AQID$${short}`,
  `digest$sha512$prefix$AQID$${short}`,
  `digest$sha256$prefix$AQI$${short}`,
  `digest$sha256$prefix$${Buffer.alloc(257).toString("base64")}$${short}`,
  `bcrypt$10$AQID$${short}`,
])("%j is none", (text) => {
  expect(parsePasswordRecord(text)).toBeUndefined();
});

test("a new password is scrypt, and is not replaced", async () => {
  const stored = await hashPassword("wonderland");
  expect(stored).toMatch(/^scrypt\$14\$8\$5\$/);
  expect(isOutdated(stored)).toBe(false);
  expect(await isPassword(Buffer.from("wonderland"), stored)).toBe(true);
  expect(await isPassword(Buffer.from("Wonderland"), stored)).toBe(false);
  expect(await isPassword(Buffer.from("wonderland"), undefined)).toBe(false);
  expect(await isPassword(new Uint8Array(32), "nonsense")).toBe(false);
});
