// Values from a JSON Schema, for a caller that knows it: mostly such as it allows, else with a part of them replaced.

import fc from "fast-check";
import type { JsonSchema } from "../../../worker/admin/docs/document.ts";

const oddStrings = [
  "",
  " ",
  "\u0000",
  "\u200b",
  "#",
  "+",
  "a/#/b",
  "$share//a",
  "'; DROP TABLE user; --",
  "ü/%2F/..",
  "9".repeat(400),
];
const oddNumbers = [-1, 0, 0.5, 1e308, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];

const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...oddStrings),
  fc.constantFrom(...oddNumbers),
  fc.jsonValue({ maxDepth: 2 }),
);

/** One in about eight places holds something else than the schema asks for. */
export function nearly(schema: JsonSchema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 7, arbitrary: fitting(schema) }, { weight: 1, arbitrary: anything });
}

function fitting(schema: JsonSchema): fc.Arbitrary<unknown> {
  const { type } = schema;
  const variants = (schema["anyOf"] ?? schema["oneOf"]) as readonly JsonSchema[] | undefined;
  if (variants !== undefined) return fc.oneof(...variants.map(fitting));
  if (schema["const"] !== undefined) return fc.constant(schema["const"]);
  if (schema["enum"] !== undefined) return fc.constantFrom(...(schema["enum"] as unknown[]));
  if (Array.isArray(type)) return fc.oneof(...type.map((one: string) => fitting({ ...schema, type: one })));
  switch (type) {
    case "string":
      return strings(schema);
    case "integer":
      return fc.oneof(fc.integer(bounds(schema)), fc.constantFrom(...oddNumbers));
    case "number":
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "array":
      return fc.array(nearly((schema["items"] as JsonSchema | undefined) ?? {}), { maxLength: 4 });
    case "object":
      return objects(schema);
    default:
      return anything;
  }
}

function strings({ pattern, minLength, maxLength }: JsonSchema): fc.Arbitrary<string> {
  const lengths = {
    minLength: (minLength as number | undefined) ?? 0,
    maxLength: Math.min((maxLength as number | undefined) ?? 64, 64),
  };
  const free = fc.oneof(
    fc.string({ ...lengths, unit: fc.constantFrom(..."abc/+#$%:. 01é") }),
    fc.string({ ...lengths, unit: "binary" }),
    fc.constantFrom(...oddStrings),
    fc.constantFrom("a", "b", "test/a", "::1"),
  );
  // Classes of Unicode are more than the generator knows.
  if (typeof pattern !== "string" || /\\p/.test(pattern)) return free;
  return fc.oneof(fc.stringMatching(new RegExp(pattern)), free);
}

function bounds({ minimum, maximum }: JsonSchema): { min: number; max: number } {
  const min = (minimum as number | undefined) ?? -1_000_000;
  return { min, max: Math.min((maximum as number | undefined) ?? 1_000_000, Math.max(min, 2 ** 40)) };
}

function objects(schema: JsonSchema): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>);
  const required = (schema["required"] ?? []) as readonly string[];
  const known = fc.record(Object.fromEntries(properties.map(([name, property]) => [name, nearly(property)])), {
    requiredKeys: required.filter((name) => properties.some(([known]) => known === name)),
  });
  const { additionalProperties, propertyNames } = schema;
  const names = ((propertyNames as JsonSchema | undefined)?.["enum"] as readonly string[] | undefined) ?? [
    "x",
    "__proto__",
  ];
  const value = typeof additionalProperties === "object" ? nearly(additionalProperties as JsonSchema) : anything;
  const more = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 2 });
  const isOpen = typeof additionalProperties === "object";
  return fc
    .tuple(known, isOpen ? more : fc.oneof({ weight: 15, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: more }))
    .map(([own, others]) => ({ ...own, ...others }));
}
