// Values from a JSON Schema, for a caller that knows it: half of them as it allows, the others with a part replaced.

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

export function nearly(schema: JsonSchema): fc.Arbitrary<unknown> {
  return fc.oneof(values(schema, 0), values(schema, 1));
}

/** With `slips`, about one in eight places holds something else than the schema asks for. */
function values(schema: JsonSchema, slips: 0 | 1): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 7, arbitrary: fitting(schema, slips) }, { weight: slips, arbitrary: anything });
}

function fitting(schema: JsonSchema, slips: 0 | 1): fc.Arbitrary<unknown> {
  const { type } = schema;
  const variants = (schema["anyOf"] ?? schema["oneOf"]) as readonly JsonSchema[] | undefined;
  if (variants !== undefined) return fc.oneof(...variants.map((variant) => fitting(variant, slips)));
  if (schema["const"] !== undefined) return fc.constant(schema["const"]);
  if (schema["enum"] !== undefined) return fc.constantFrom(...(schema["enum"] as unknown[]));
  if (Array.isArray(type)) return fc.oneof(...type.map((one: string) => fitting({ ...schema, type: one }, slips)));
  switch (type) {
    case "string":
      return strings(schema, slips);
    case "integer":
      return fc.oneof(
        { weight: 1, arbitrary: fc.integer(bounds(schema)) },
        { weight: 3, arbitrary: fc.integer(smallBounds(schema)) },
        { weight: slips, arbitrary: fc.constantFrom(...oddNumbers) },
      );
    case "number":
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "array": {
      const lengths = { minLength: slips === 1 ? 0 : ((schema["minItems"] as number | undefined) ?? 0), maxLength: 4 };
      return fc.array(values((schema["items"] as JsonSchema | undefined) ?? {}, slips), lengths);
    }
    case "object":
      return objects(schema, slips);
    default:
      return anything;
  }
}

function strings(schema: JsonSchema, slips: 0 | 1): fc.Arbitrary<string> {
  const { pattern, minLength, maxLength } = schema;
  if (schema["contentEncoding"] === "base64") return fc.base64String({ maxLength: 64 });
  const most = (maxLength as number | undefined) ?? 64;
  const lengths = { minLength: (minLength as number | undefined) ?? 0, maxLength: Math.min(most, 64) };
  const plain = fc.string({ ...lengths, unit: fc.constantFrom(..."abc/$%:. 01é") });
  // Classes of Unicode are more than the generator knows.
  const isKnown = typeof pattern === "string" && !/\\p/.test(pattern);
  const matching = isKnown
    ? fc
        .stringMatching(new RegExp(pattern), { maxLength: lengths.maxLength })
        .filter((text) => text.length >= lengths.minLength)
    : plain;
  const odd = fc.oneof(fc.string({ ...lengths, unit: "binary" }), fc.constantFrom(...oddStrings), plain);
  return fc.oneof(
    { weight: 4, arbitrary: matching },
    // So that requests meet what others made.
    { weight: isKnown ? 1 : 2, arbitrary: fc.constantFrom("a", "b") },
    { weight: slips, arbitrary: odd },
  );
}

function bounds({ minimum, maximum }: JsonSchema): { min: number; max: number } {
  const min = (minimum as number | undefined) ?? -1_000_000;
  return { min, max: Math.min((maximum as number | undefined) ?? 1_000_000, Math.max(min, 2 ** 40)) };
}

/** Near the least, where most limits of a deployment let it be. */
function smallBounds(schema: JsonSchema): { min: number; max: number } {
  const { min, max } = bounds(schema);
  const from = Math.max(min, Math.min(0, max));
  return { min: from, max: Math.min(max, from + 1_000) };
}

function objects(schema: JsonSchema, slips: 0 | 1): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>);
  const required = (schema["required"] ?? []) as readonly string[];
  const named = Object.fromEntries(properties.map(([name, property]) => [name, values(property, slips)]));
  const whole = fc.record(named, { requiredKeys: required.filter((name) => Object.hasOwn(named, name)) });
  // What no schema says, such as that a group exists, is mostly about what may be left out.
  const least = fc.record(Object.fromEntries(Object.entries(named).filter(([name]) => required.includes(name))));
  const known = slips === 1 ? whole : fc.oneof(least, whole);
  const { additionalProperties, propertyNames } = schema;
  const isOpen = typeof additionalProperties === "object";
  const names = (propertyNames as JsonSchema | undefined)?.["enum"] as readonly string[] | undefined;
  const value = isOpen ? values(additionalProperties as JsonSchema, slips) : anything;
  const more = fc.dictionary(fc.constantFrom(...(names ?? ["x", "__proto__"])), value, { maxKeys: 2 });
  const others = isOpen
    ? more
    : fc.oneof({ weight: 7, arbitrary: fc.constant({}) }, { weight: slips, arbitrary: more });
  return fc.tuple(known, others).map(([own, rest]) => ({ ...own, ...rest }));
}
