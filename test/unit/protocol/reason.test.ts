import { expect, test } from "vitest";
import { connackReturnCode } from "../../../src/protocol/connack-return.ts";
import { isFailure, ReasonCode } from "../../../src/protocol/reason.ts";
import { reasonText } from "../../../src/protocol/reason-text.ts";

const all = [...new Set(Object.values(ReasonCode))];

test("every reason has words of its own", () => {
  expect(new Set(all.map(reasonText)).size).toBe(all.length);
});

test("MQTT-4.13.2-1: failures begin at 0x80", () => {
  expect(all.filter(isFailure)).toEqual(all.filter((reason) => reason >= 0x80));
});

test("MQTT3-3.2.2-6: only refusals have a return code, and not all of them", () => {
  const codes = new Map(all.map((reason) => [reason, connackReturnCode(reason)]));
  expect([...codes].filter(([reason, code]) => !isFailure(reason) && code !== undefined)).toEqual([]);
  expect(new Set(codes.values())).toEqual(new Set([1, 2, 3, 4, 5, undefined]));
});
