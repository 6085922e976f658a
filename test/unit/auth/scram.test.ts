import { expect, test } from "vitest";
import { challenge, type ScramServer, verify } from "../../../src/auth/scram.ts";
import { messageBytesMax } from "../../../src/auth/scram-message.ts";
import { parseUserList } from "../../../src/auth/user-list.ts";
import { scramServer } from "../../../worker/auth/scram.ts";
import { ScramClient, scramEntry } from "../../support/scram-client.ts";

// RFC 7677, section 3.
const clientNonce = "rOprNGfwEbeRWgbNEkqO";
const serverNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
const clientFirst = `n,,n=user,r=${clientNonce}`;
const serverFirst = `r=${clientNonce}${serverNonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;
const withoutProof = `c=biws,r=${clientNonce}${serverNonce}`;
const clientFinal = `${withoutProof},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`;
const serverFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

const { users } = parseUserList(
  `${scramEntry("user", "pencil", salt)} ${scramEntry("o,=p", "pencil", salt).replace("o,=p", "other")}`,
);
const server: ScramServer = { ...scramServer(users), newNonce: () => serverNonce };

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => Buffer.from(data).toString();

/** The challenge's text, or the rule that was broken. */
function opened(first: string | Uint8Array | undefined): string {
  const result = challenge(server, typeof first === "string" ? bytes(first) : first);
  return result.type === "failure" ? result.rule : text(result.data);
}

/** The server's last message, or the rule that was broken. */
function closed(last: string | Uint8Array | undefined, first = clientFirst): string {
  const begun = challenge(server, bytes(first));
  if (begun.type === "failure") throw new Error(begun.detail);
  const result = verify(server, begun.exchange, typeof last === "string" ? bytes(last) : last);
  return result.type === "failure" ? result.rule : text(result.data);
}

test("the example of RFC 7677, byte for byte", () => {
  expect(opened(clientFirst)).toBe(serverFirst);
  expect(closed(clientFinal)).toBe(serverFinal);
});

test("the tests' own client makes the same of it", () => {
  const client = new ScramClient("user", "pencil", { nonce: clientNonce });
  expect(text(client.first())).toBe(clientFirst);
  expect(text(client.final(bytes(serverFirst)))).toBe(clientFinal);
  expect(client.accepts(bytes(serverFinal))).toBe(true);
});

test.each([
  ["a client that could bind to a channel and takes this server for one that cannot", "y,,"],
  ["an authorization identity that is the user", "n,a=user,"],
])("accepted: %s", (_what, gs2Header) => {
  const client = new ScramClient("user", "pencil", { gs2Header });
  const begun = challenge(server, client.first());
  if (begun.type === "failure") throw new Error(begun.detail);
  expect(verify(server, begun.exchange, client.final(begun.data))).toMatchObject({ type: "success", username: "user" });
});

const message = "scram-message";

test.each([
  ["nothing", undefined, message],
  ["no bytes", "", message],
  ["no UTF-8", Uint8Array.of(...bytes("n,,n=us"), 0xff, ...bytes(",r=x")), message],
  ["a zero byte", "n,,n=us\0r,r=x", message],
  ["more bytes than are allowed", `${clientFirst},x=${"y".repeat(messageBytesMax)}`, message],
  ["no GS2 header", `n=user,r=x`, message],
  ["a channel to bind to", `p=tls-exporter,,n=user,r=x`, "scram-channel-binding"],
  ["another flag", `x,,n=user,r=x`, message],
  ["a flag in capitals", `N,,n=user,r=x`, message],
  ["somebody else's identity", `n,a=other,n=user,r=x`, "scram-authorization-identity"],
  ["an empty identity", `n,a=,n=user,r=x`, message],
  ["an identity that is none", `n,user,n=user,r=x`, message],
  ["an identity with a lone equals sign", `n,a=us=er,n=user,r=x`, message],
  ["a mandatory extension", `n,,m=must,n=user,r=x`, message],
  ["no user", `n,,r=x`, message],
  ["an empty user", `n,,n=,r=x`, message],
  ["a user with a lone equals sign", `n,,n=us=er,r=x`, message],
  ["a user with an equals sign at the end", `n,,n=user=,r=x`, message],
  ["a user with its comma in small letters", `n,,n=us=2cer,r=x`, message],
  ["no nonce", `n,,n=user`, message],
  ["an empty nonce", `n,,n=user,r=`, message],
  ["a nonce with a space", `n,,n=user,r=a b`, message],
  ["a nonce beyond ASCII", `n,,n=user,r=ä`, message],
  ["a nonce of 129 characters", `n,,n=user,r=${"x".repeat(129)}`, message],
  ["nonce before user", `n,,r=x,n=user`, message],
  ["the user twice", `n,,n=user,r=x,n=user`, message],
  ["a mandatory extension at the end", `n,,n=user,r=x,m=must`, message],
  ["an extension without a value", `n,,n=user,r=x,f=`, message],
  ["a comma at the end", `n,,n=user,r=x,`, message],
])("the first message is refused: %s", (_what, first, rule) => {
  expect(opened(first)).toBe(rule);
});

test("a nonce of 128 characters, and extensions that may be ignored, are fine", () => {
  const nonce = "x".repeat(128);
  expect(opened(`n,,n=user,r=${nonce},f=anything`)).toBe(`r=${nonce}${serverNonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`);
});

const proof = clientFinal.slice(withoutProof.length + 1);
const nonce = `${clientNonce}${serverNonce}`;

test.each([
  ["nothing", undefined, message],
  ["no bytes", "", message],
  ["the first message again", clientFirst, message],
  ["no proof", withoutProof, message],
  ["an empty proof", `${withoutProof},p=`, message],
  ["a proof that is not base64", `${withoutProof},p=*`, message],
  ["a proof of 31 bytes", `${withoutProof},p=${Buffer.alloc(31).toString("base64")}`, message],
  ["a proof of 33 bytes", `${withoutProof},p=${Buffer.alloc(33).toString("base64")}`, message],
  ["a proof that is not at the end", `${clientFinal},x=y`, message],
  ["two proofs", `${clientFinal},${proof}`, message],
  ["no channel binding", `r=${nonce},${proof}`, message],
  ["nonce before channel binding", `r=${nonce},c=biws,${proof}`, message],
  ["no nonce", `c=biws,${proof}`, message],
  ["a mandatory extension", `${withoutProof},m=must,${proof}`, message],
  ["more bytes than are allowed", `${withoutProof},x=${"y".repeat(messageBytesMax)},${proof}`, message],
  ["another GS2 header", `c=eSws,r=${nonce},${proof}`, "scram-channel-binding"],
  ["data of a channel", `c=${Buffer.from("n,,data").toString("base64")},r=${nonce},${proof}`, "scram-channel-binding"],
  ["the client's half of the nonce", `c=biws,r=${clientNonce},${proof}`, "scram-nonce"],
  ["more than the nonce", `c=biws,r=${nonce}x,${proof}`, "scram-nonce"],
  ["an extension that the proof does not cover", `${withoutProof},x=y,${proof}`, "scram-proof"],
])("the last message is refused: %s", (_what, last, rule) => {
  expect(closed(last)).toBe(rule);
});

test("an answer to an earlier challenge is refused", () => {
  const client = new ScramClient("user", "pencil", { nonce: clientNonce });
  const earlier = challenge({ ...server, newNonce: () => "earlier" }, client.first());
  if (earlier.type === "failure") throw new Error(earlier.detail);
  expect(closed(client.final(earlier.data))).toBe("scram-nonce");
});

test("a proof for a client that said y is not one for a client that said n", () => {
  const client = new ScramClient("user", "pencil", { nonce: clientNonce, gs2Header: "y,,", claimedHeader: "n,," });
  expect(closed(client.final(bytes(serverFirst)), text(client.first()))).toBe("scram-channel-binding");
});

test("each single bit of the proof counts", () => {
  const right = Buffer.from(proof.slice(2), "base64");
  for (let bit = 0; bit < right.length * 8; bit++) {
    const wrong = Buffer.from(right);
    wrong[bit >> 3] = (wrong[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(closed(`${withoutProof},p=${wrong.toString("base64")}`)).toBe("scram-proof");
  }
});

test("a wrong password is refused, as such for the operator", () => {
  const client = new ScramClient("user", "pen", { nonce: clientNonce });
  expect(closed(client.final(bytes(serverFirst)))).toBe("scram-proof");
});

test("commas and equals signs in names are written out: nobody becomes somebody else by them", () => {
  const begun = challenge(server, bytes("n,,n=a=2Cn=3Duser,r=x"));
  expect(begun).toMatchObject({ exchange: { username: "a,n=user", isDecoy: true } });
  expect(challenge(server, bytes("n,,n==3D2C,r=x"))).toMatchObject({ exchange: { username: "=2C" } });
});

const saltOf = (challengeText: string) => /s=([^,]+)/.exec(challengeText)?.[1] ?? "";

test("a name that nobody has is challenged like one that somebody has, and always the same way", () => {
  const forNobody = opened("n,,n=nobody,r=x");
  expect(forNobody).toMatch(/^r=x.+,s=[A-Za-z0-9+/]{22}==,i=4096$/);
  expect(opened("n,,n=nobody,r=x")).toBe(forNobody);
  expect(saltOf(opened("n,,n=nobody2,r=x"))).not.toBe(saltOf(forNobody));
  expect(saltOf(forNobody)).not.toBe(saltOf(serverFirst));
});

test("the salts of such names are those of every copy with the same users, and of no other list", () => {
  const entries = [scramEntry("user", "pencil", salt, 5000), scramEntry("other", "pen", Buffer.alloc(12, 1))];
  const salts = [entries, entries, [...entries, scramEntry("third", "p")]].map((list) => {
    const copy = scramServer(parseUserList(list.join(" ")).users);
    const begun = challenge(copy, bytes("n,,n=nobody,r=x"));
    return begun.type === "failure" ? begun.detail : text(begun.data).replace(/^r=[^,]+,/, "");
  });
  expect(salts[0]).toMatch(/,i=5000$/);
  expect(salts[1]).toBe(salts[0]);
  expect(salts[2]).not.toBe(salts[0]);
});

test("no proof is good for a name that nobody has, and the failure says so to the operator alone", () => {
  const client = new ScramClient("nobody", "pencil");
  const begun = challenge(server, client.first());
  if (begun.type === "failure") throw new Error(begun.detail);
  const unknown = verify(server, begun.exchange, client.final(begun.data));
  expect(unknown).toMatchObject({ reason: 0x87, rule: "scram-unknown-user" });
  // Not even one that fits what was made up.
  const fitting: ScramServer = { ...server, areEqual: () => true };
  expect(verify(fitting, begun.exchange, client.final(begun.data))).toMatchObject({ rule: "scram-unknown-user" });
});

test("nonces are printable, without commas, and never the same", () => {
  const { newNonce } = scramServer(users);
  const nonces = Array.from({ length: 100 }, newNonce);
  expect(new Set(nonces).size).toBe(100);
  for (const each of nonces) expect(each).toMatch(/^[!-+\--~]{24}$/);
});
