// Every kind of bad input that the schemas of a route admit, made from its part of the OpenAPI document and something that it
// takes: each differs from that in one place, which the answer has to name.

import type { JsonSchema, Operation, Parameter } from "../../../worker/admin/docs/document.ts";
import type { Given } from "./route-call.ts";

export interface BadInput {
  readonly kind: string;
  /** The place, as `errors` of the answer names it. */
  readonly at: string;
  readonly given: Given;
}

interface Fault {
  readonly kind: string;
  readonly at: readonly (string | number)[];
  /** In place of the whole. */
  readonly value: unknown;
}

const placesOf = { path: "path", query: "query", header: "headers" } as const;

export function badInputs(operation: Operation, valid: Given): BadInput[] {
  const found = operation.parameters.flatMap((parameter) => badParameters(parameter, valid));
  found.push({ kind: "unknown parameter", at: "query", given: { ...valid, query: { ...valid.query, colour: "red" } } });
  const schema = operation.requestBody?.content["application/json"]?.schema;
  if (schema === undefined) return found;
  for (const { kind, at, value } of faultsIn(schema, valid.body)) {
    found.push({ kind, at: ["body", ...at].join("."), given: { ...valid, body: value } });
  }
  return found;
}

function badParameters({ name, in: place, schema, required }: Parameter, valid: Given): BadInput[] {
  const part = placesOf[place];
  const at = `${part}.${name}`;
  const { [name]: _left, ...others } = valid[part] ?? {};
  const found = badTexts(schema)
    // An empty part of a path is another path.
    .filter(({ text }) => place !== "path" || text !== "")
    .map(({ kind, text }) => ({ kind, at, given: { ...valid, [part]: { ...others, [name]: text } } }));
  if (required && place !== "path") found.push({ kind: "missing", at, given: { ...valid, [part]: others } });
  return found;
}

/** What text stands for a parameter of another kind. */
function badTexts(schema: JsonSchema): { readonly kind: string; readonly text: string }[] {
  if (schema["type"] === "integer") {
    const numbers = badNumbers(schema).map(({ kind, value }) => ({ kind, text: `${value}` }));
    return [{ kind: "wrong type", text: "many" }, ...numbers];
  }
  return badStrings(schema).map(({ kind, value }) => ({ kind, text: value }));
}

function* faultsIn(schema: JsonSchema, valid: unknown): Generator<Fault> {
  const here = (kind: string, value: unknown): Fault => ({ kind, at: [], value });
  const { of, isNullable } = variantOf(schema, valid);
  if (Object.keys(of).length === 0) return;
  if (!isNullable) yield here("null", null);
  yield here("wrong type", of["type"] === "object" || of["type"] === "array" ? "a word" : { a: 1 });
  switch (of["type"]) {
    case "string":
      yield here("wrong type", 7);
      for (const { kind, value } of badStrings(of)) yield here(kind, value);
      return;
    case "integer":
    case "number":
      yield here("wrong type", "7");
      for (const { kind, value } of badNumbers(of)) yield here(kind, value);
      return;
    case "boolean":
      yield here("wrong type", "true");
      return;
    case "array":
      yield* faultsInList(of, Array.isArray(valid) ? valid : []);
      return;
    case "object":
      yield* faultsInObject(of, (valid ?? {}) as Readonly<Record<string, unknown>>);
  }
}

function* faultsInList(schema: JsonSchema, valid: readonly unknown[]): Generator<Fault> {
  const { minItems, maxItems, items } = schema as { minItems?: number; maxItems?: number; items?: JsonSchema };
  const [first, ...rest] = valid;
  if (minItems !== undefined && minItems > 0) yield { kind: "too few", at: [], value: valid.slice(0, minItems - 1) };
  if (maxItems !== undefined) {
    yield { kind: "too many", at: [], value: Array.from({ length: maxItems + 1 }, () => first ?? exampleOf(items)) };
  }
  if (items === undefined || "prefixItems" in schema) return;
  for (const fault of faultsIn(items, first)) yield { ...fault, at: [0, ...fault.at], value: [fault.value, ...rest] };
}

function* faultsInObject(schema: JsonSchema, valid: Readonly<Record<string, unknown>>): Generator<Fault> {
  const {
    properties = {},
    required = [],
    additionalProperties,
    propertyNames,
  } = schema as {
    properties?: Readonly<Record<string, JsonSchema>>;
    required?: readonly string[];
    additionalProperties?: false | JsonSchema;
    propertyNames?: { readonly enum?: readonly string[] };
  };
  const names = propertyNames?.enum;
  if (additionalProperties === false) yield { kind: "unknown field", at: [], value: { ...valid, colour: "red" } };
  if (names !== undefined) yield { kind: "unknown name", at: [], value: { ...valid, colour: 1 } };
  for (const name of required) {
    const { [name]: _left, ...others } = valid;
    yield { kind: "missing", at: [name], value: others };
  }
  const known: readonly (readonly [string, JsonSchema])[] =
    names !== undefined && typeof additionalProperties === "object"
      ? [[names[0] as string, additionalProperties]]
      : Object.entries(properties);
  for (const [name, property] of known) {
    // What tells the variants apart decides which of them it is.
    if (property["const"] !== undefined) {
      yield { kind: "not of the list", at: [name], value: { ...valid, [name]: "nonsense" } };
      continue;
    }
    for (const fault of faultsIn(property, valid[name])) {
      yield { ...fault, at: [name, ...fault.at], value: { ...valid, [name]: fault.value } };
    }
  }
}

/** Of several that it may be: null apart, the one that the valid value is. */
function variantOf(schema: JsonSchema, valid: unknown): { readonly of: JsonSchema; readonly isNullable: boolean } {
  const { type } = schema;
  if (Array.isArray(type)) {
    const others = type.filter((one) => one !== "null");
    return { of: { ...schema, type: others[0] }, isNullable: others.length < type.length };
  }
  const all = (schema["anyOf"] ?? schema["oneOf"]) as readonly JsonSchema[] | undefined;
  if (all === undefined) return { of: schema, isNullable: false };
  const variants = all.filter((one) => one["type"] !== "null");
  const fits = (one: JsonSchema) =>
    Object.entries((one["properties"] ?? {}) as Record<string, JsonSchema>).every(
      ([name, property]) =>
        property["const"] === undefined || property["const"] === (valid as Record<string, unknown> | undefined)?.[name],
    );
  return { of: variants.find(fits) ?? (variants[0] as JsonSchema), isNullable: variants.length < all.length };
}

function badNumbers({ type, minimum, maximum, enum: list }: JsonSchema): { kind: string; value: number }[] {
  if (Array.isArray(list)) return [{ kind: "not of the list", value: Math.max(...list) + 1 }];
  const found: { kind: string; value: number }[] = [];
  if (type === "integer")
    found.push({ kind: "not whole", value: ((minimum as number) > 0 ? (minimum as number) : 1) + 0.5 });
  if ((minimum as number) > Number.MIN_SAFE_INTEGER) found.push({ kind: "too small", value: (minimum as number) - 1 });
  if ((maximum as number) < Number.MAX_SAFE_INTEGER) found.push({ kind: "too large", value: (maximum as number) + 1 });
  return found;
}

function badStrings(schema: JsonSchema): { kind: string; value: string }[] {
  const { minLength = 0, maxLength, enum: list } = schema as { minLength?: number; maxLength?: number; enum?: unknown };
  if (Array.isArray(list)) return [{ kind: "not of the list", value: "nonsense" }];
  const found: { kind: string; value: string }[] = [];
  if (minLength > 0) found.push({ kind: "too short", value: "a".repeat(minLength - 1) });
  if (maxLength !== undefined) found.push({ kind: "too long", value: "a".repeat(maxLength + 1) });
  for (const pattern of patternsOf(schema)) {
    const value = malformed.find((one) => !new RegExp(pattern, "u").test(one));
    if (value === undefined) throw new Error(`nothing is malformed by ${pattern}`);
    found.push({ kind: "malformed", value });
  }
  return found;
}

function patternsOf(schema: JsonSchema): string[] {
  const all = [schema, ...((schema["allOf"] as readonly JsonSchema[] | undefined) ?? [])];
  return all.map(({ pattern }) => pattern).filter((pattern) => typeof pattern === "string");
}

const malformed = ["!", "\u0000", "a ", "a#", "-"];

/** The least that the schema takes, to have many of it. */
function exampleOf(schema: JsonSchema = {}): unknown {
  const { of } = variantOf(schema, undefined);
  if (Array.isArray(of["enum"])) return of["enum"][0];
  const { properties = {}, required = [] } = of as {
    properties?: Record<string, JsonSchema>;
    required?: readonly string[];
  };
  switch (of["type"]) {
    case "object":
      return Object.fromEntries(required.map((name) => [name, exampleOf(properties[name])]));
    case "array":
      return [];
    case "integer":
    case "number":
      return Math.max(0, (of["minimum"] as number | undefined) ?? 0);
    case "boolean":
      return false;
    default:
      return "a".repeat((of["minLength"] as number | undefined) ?? 1);
  }
}
