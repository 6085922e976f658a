// `npm run scram -- <user> [iterations]`: reads a password from standard input and prints the user's entry for SCRAM_USERS,
// from which nobody can log in.

import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import { isUserName } from "../src/auth/user-list.ts";
import { formatVerifier, iterationsMax, iterationsMin, keyBytes } from "../src/auth/verifier.ts";
import { askHidden, withoutLineEnd } from "./ask.mjs";
import { fail } from "./setup.mjs";

const saltBytes = 16;

const [username, iterationsText = String(iterationsMin), ...rest] = process.argv.slice(2);
if (username === undefined || rest.length > 0) fail("Usage: npm run scram -- <user> [iterations]");
if (!isUserName(username)) {
  fail("A user name is 1 to 128 printable ASCII characters, without spaces, commas and colons.");
}
const iterations = Number(iterationsText);
if (!/^\d+$/.test(iterationsText) || iterations < iterationsMin || iterations > iterationsMax) {
  fail(`Iterations are a number from ${iterationsMin} to ${iterationsMax}.`);
}
const password = process.stdin.isTTY
  ? await askHidden(`Password of ${username}: `)
  : withoutLineEnd(await text(process.stdin));
// SASLprep leaves these as they are; for all others clients would have to agree on it, and many do not.
if (!/^[ -~]+$/.test(password)) fail("A password is one line of printable ASCII characters, at least one.");

const salt = randomBytes(saltBytes);
const saltedPassword = pbkdf2Sync(password, salt, iterations, keyBytes, "sha256");
const storedKey = createHash("sha256").update(keyFor("Client Key")).digest();
console.log(`${username}:${formatVerifier({ iterations, salt, storedKey, serverKey: keyFor("Server Key") })}`);

function keyFor(purpose) {
  return createHmac("sha256", saltedPassword).update(purpose).digest();
}
