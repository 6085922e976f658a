import fc from "fast-check";
import { expect, test } from "vitest";
import { readClientFinal, readClientFirst } from "../../../src/auth/scram-message.ts";

const attribute = fc.tuple(fc.constantFrom(..."nrcpamxsiv"), fc.constantFrom("=", ""), fc.string({ maxLength: 8 }));
const nearly = fc
  .tuple(fc.constantFrom("n,,", "y,,", "n,a=user,", "p=x,,", ""), fc.array(attribute, { maxLength: 5 }))
  .map(([header, attributes]) => Buffer.from(header + attributes.map((parts) => parts.join("")).join(",")));

test("whatever a client sends is a message or a refusal", () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 1100 }), nearly), (data) => {
      expect(["client-first", "failure"]).toContain(readClientFirst(data).type);
      expect(["client-final", "failure"]).toContain(readClientFinal(data).type);
    }),
    { numRuns: 2000 },
  );
});

test("any name arrives as it was meant, and what the proof covers is what was sent", () => {
  const name = fc.string({ unit: "binary", minLength: 1, maxLength: 40 }).filter((each) => !each.includes("\0"));
  fc.assert(
    fc.property(name, fc.constantFrom("n,,", "y,,"), (username, gs2Header) => {
      const bare = `n=${username.replaceAll("=", "=3D").replaceAll(",", "=2C")},r=nonce`;
      const read = readClientFirst(Buffer.from(gs2Header + bare));
      expect(read).toEqual({ type: "client-first", gs2Header, bare, username, nonce: "nonce" });
    }),
  );
});
