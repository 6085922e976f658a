// The OpenAPI document as people read it: resources, their operations, and the fields of each. Both the page that the Worker
// serves and docs/http-api.md are written from this.

import type { Content, JsonSchema, OpenApi, Operation } from "./document.ts";

export interface FieldOutline {
  /** Inner fields as `a.b`, those of a list's items as `a[].b`. */
  readonly name: string;
  readonly kind: string;
  readonly required: boolean;
  readonly text: string;
}

export interface OperationOutline {
  readonly method: string;
  readonly path: string;
  readonly scope: string;
  readonly summary: string;
  readonly text: string;
  readonly parameters: readonly FieldOutline[];
  readonly body: readonly FieldOutline[];
  /** What a body can be, if there is one. */
  readonly bodyTypes: readonly string[];
  readonly answer: string;
  readonly answerType: string;
  readonly answerFields: readonly FieldOutline[];
}

export interface TagOutline {
  readonly name: string;
  readonly operations: readonly OperationOutline[];
}

export function outlineOf(document: OpenApi): TagOutline[] {
  const all = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      tag: operation.tags[0],
      ...outline(method, path, operation),
    })),
  );
  return document.tags.map(({ name }) => ({ name, operations: all.filter(({ tag }) => tag === name) }));
}

function outline(method: string, path: string, operation: Operation): OperationOutline {
  const [status = "", answer] = Object.entries(operation.responses).find(([key]) => key.startsWith("2")) ?? [];
  const content = answer?.content ?? {};
  const [answerType = ""] = Object.keys(content);
  const bodyContent = operation.requestBody?.content ?? {};
  return {
    method: method.toUpperCase(),
    path,
    scope: operation["x-scope"],
    summary: operation.summary,
    text: operation.description,
    parameters: operation.parameters.map(({ name, in: place, required, schema, description }) => ({
      name,
      kind: `${kindOf(schema)}, ${place}`,
      required,
      text: sentence([description, constraintsOf(schema)]),
    })),
    body: fieldsIn(bodyContent),
    bodyTypes: Object.keys(bodyContent),
    answer: `${status}: ${answer?.description ?? ""}`,
    answerType,
    answerFields: fieldsIn(content),
  };
}

function fieldsIn(content: Content): FieldOutline[] {
  const [first] = Object.values(content);
  return first === undefined ? [] : fieldsOf(first.schema, "");
}

function fieldsOf(schema: JsonSchema, prefix: string): FieldOutline[] {
  const required = (schema["required"] as readonly string[] | undefined) ?? [];
  if (schema["type"] === "array") return fieldsOf(itemsOf(schema), `${prefix}[]`);
  const variants = variantsOf(schema);
  if (variants.length > 0) {
    const fields = variants.flatMap((variant) => fieldsOf(variant, prefix));
    return fields.filter((field, index) => fields.findIndex(({ name }) => name === field.name) === index);
  }
  const properties = Object.entries((schema["properties"] as Record<string, JsonSchema> | undefined) ?? {});
  return properties.flatMap(([name, property]) => {
    const full = prefix === "" ? name : `${prefix}.${name}`;
    const text = sentence([property["description"] as string | undefined, constraintsOf(property)]);
    return [
      { name: full, kind: kindOf(property), required: required.includes(name), text },
      ...fieldsOf(property, full),
    ];
  });
}

function itemsOf(schema: JsonSchema): JsonSchema {
  return (schema["items"] as JsonSchema | undefined) ?? {};
}

function variantsOf(schema: JsonSchema): readonly JsonSchema[] {
  return (schema["anyOf"] ?? schema["oneOf"] ?? []) as readonly JsonSchema[];
}

function kindOf(schema: JsonSchema): string {
  const { type } = schema;
  const variants = variantsOf(schema);
  if (variants.length > 0) return [...new Set(variants.map(kindOf))].join(" or ");
  if (schema["const"] !== undefined) return JSON.stringify(schema["const"]);
  if (schema["enum"] !== undefined)
    return (schema["enum"] as unknown[]).map((value) => JSON.stringify(value)).join(", ");
  if (type === "array") return `list of ${kindOf(itemsOf(schema))}`;
  return Array.isArray(type) ? type.join(" or ") : ((type as string | undefined) ?? "anything");
}

function constraintsOf(schema: JsonSchema): string | undefined {
  const { minimum, maximum, minLength, maxLength, maxItems } = schema as Record<string, number | undefined>;
  const parts: string[] = [];
  if (minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER) parts.push(`at least ${minimum}`);
  if (maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER) parts.push(`at most ${maximum}`);
  if (minLength !== undefined && minLength > 0) parts.push(`at least ${minLength} characters`);
  if (maxLength !== undefined) parts.push(`at most ${maxLength} characters`);
  if (maxItems !== undefined) parts.push(`at most ${maxItems} items`);
  if (schema["default"] !== undefined) parts.push(`default ${JSON.stringify(schema["default"])}`);
  const [first, ...rest] = parts;
  return first === undefined ? undefined : `${[first.charAt(0).toUpperCase() + first.slice(1), ...rest].join(", ")}.`;
}

function sentence(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== "").join(" ");
}
