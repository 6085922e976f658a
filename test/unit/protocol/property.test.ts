// The property table against table 2-4 of the specification.

import { expect, test } from "vitest";
import { PropertyId, PropertyPlace, propertyRules } from "../../../src/protocol/property.ts";

const specification: readonly [id: number, type: string, places: string][] = [
  [0x01, "byte", "publish will"],
  [0x02, "uint32", "publish will"],
  [0x03, "string", "publish will"],
  [0x08, "string", "publish will"],
  [0x09, "binary", "publish will"],
  [0x0b, "varint", "publish subscribe"],
  [0x11, "uint32", "connect connack disconnect"],
  [0x12, "string", "connack"],
  [0x13, "uint16", "connack"],
  [0x15, "string", "connect connack auth"],
  [0x16, "binary", "connect connack auth"],
  [0x17, "byte", "connect"],
  [0x18, "uint32", "will"],
  [0x19, "byte", "connect"],
  [0x1a, "string", "connack"],
  [0x1c, "string", "connack disconnect"],
  [0x1f, "string", "connack puback pubrec pubrel pubcomp suback unsuback disconnect auth"],
  [0x21, "uint16", "connect connack"],
  [0x22, "uint16", "connect connack"],
  [0x23, "uint16", "publish"],
  [0x24, "byte", "connack"],
  [0x25, "byte", "connack"],
  [0x26, "pair", Object.keys(PropertyPlace).join(" ")],
  [0x27, "uint32", "connect connack"],
  [0x28, "byte", "connack"],
  [0x29, "byte", "connack"],
  [0x2a, "byte", "connack"],
];

test.each(specification)("property 0x%s", (id, type, places) => {
  const rule = propertyRules[id];
  const allowed = Object.entries(PropertyPlace).filter(([, bit]) => ((rule?.places ?? 0) & bit) !== 0);
  expect(rule).toMatchObject({ id, type, repeatable: type === "pair" });
  expect(allowed.map(([place]) => place).sort()).toEqual(places.split(" ").sort());
});

test("there are no others", () => {
  const ids = specification.map(([id]) => id);
  expect(propertyRules.flatMap((rule) => rule?.id ?? [])).toEqual(ids);
  expect(Object.values(PropertyId).sort((a, b) => a - b)).toEqual(ids);
});
