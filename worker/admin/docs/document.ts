// The OpenAPI 3.1 document, made from the routes' own schemas: what is checked is what is documented.

import * as z from "zod/mini";
import type { Route } from "../route.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly schema: JsonSchema;
  readonly description?: string;
}

export interface Content {
  readonly [mediaType: string]: { readonly schema: JsonSchema };
}

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly "x-scope": string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly required: true; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

export interface OpenApi {
  readonly openapi: "3.1.0";
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const problemContent = problemReference();

export function openApiOf(routes: readonly Route[], basePath: string): OpenApi {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes) {
    const operations = paths[route.path] ?? {};
    paths[route.path] = operations;
    operations[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "DurableMQ",
      version: "1",
      description: "Manages a DurableMQ broker, and publishes through it. Times are in milliseconds since 1970.",
    },
    servers: [{ url: basePath }],
    security: [{ key: [] }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { key: { type: "http", scheme: "bearer", description: "An API key." } },
      schemas: { Problem: problemSchema },
    },
  };
}

function operationOf(route: Route): Operation {
  const { method, path, tag, summary, description, scope, body, answers } = route;
  const takesInput = path.includes("{") || body !== undefined || parametersIn("query", route.query).length > 0;
  return {
    operationId: idOf(method, path),
    tags: [tag],
    summary,
    description: [description, `Needs the scope \`${scope}\`.`].filter((text) => text !== undefined).join(" "),
    "x-scope": scope,
    parameters: [
      ...parametersIn("path", route.params),
      ...parametersIn("query", route.query),
      ...parametersIn("header", route.headers),
    ],
    ...(body === undefined ? {} : { requestBody: { required: true, content: bodyContent(route, body) } }),
    responses: {
      [answers.status]: {
        description: answers.description,
        ...(answers.schema === undefined
          ? {}
          : { content: answerContent(answers.type ?? "application/json", jsonSchema(answers.schema, "output")) }),
      },
      ...(takesInput ? { 400: { description: "The request is not as it should be.", content: problemContent } } : {}),
      401: { description: "No valid key.", content: problemContent },
      403: { description: `The key has not the scope \`${scope}\`.`, content: problemContent },
      ...(body === undefined ? {} : refusedBodies),
      default: { description: "What else went wrong, and what to do about it.", content: problemContent },
    },
  };
}

const refusedBodies = {
  413: { description: "The body is too large.", content: problemContent },
  415: { description: "The body is of a type that is not read here.", content: problemContent },
};

/** Where there are several, what is one value in JSON is one on each line in the others. */
function answerContent(type: NonNullable<Route["answers"]["type"]>, schema: JsonSchema): Content {
  if (typeof type === "string") return { [type]: { schema } };
  const of = { "text/csv": { type: "string" }, "application/x-ndjson": schema["items"] as JsonSchema | undefined };
  return Object.fromEntries(type.map((one) => [one, { schema: of[one as keyof typeof of] ?? schema }]));
}

/** A body that is a list may come as one JSON value on each line, or as CSV. */
function bodyContent(route: Route, body: z.ZodMiniType): Content {
  const schema = jsonSchema(body, "input");
  return {
    "application/json": { schema },
    ...(route.takesLines
      ? { "application/x-ndjson": { schema: (schema["items"] as JsonSchema | undefined) ?? {} } }
      : {}),
    ...(route.takesCsv === undefined ? {} : { "text/csv": { schema: { type: "string" } } }),
  };
}

function parametersIn(place: Parameter["in"], object: z.ZodMiniType | undefined): Parameter[] {
  if (object === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(object, "input") as {
    readonly properties?: Readonly<Record<string, JsonSchema>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    schema,
    ...(typeof description === "string" ? { description } : {}),
  }));
}

function jsonSchema(schema: z.ZodMiniType, io: "input" | "output"): JsonSchema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}

/** `GET /users/{name}/keys` is `getUsersNameKeys`. */
function idOf(method: string, path: string): string {
  const words = path.match(/[a-z0-9]+/gi) ?? [];
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

function problemReference(): Content {
  return { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } };
}

const problemSchema = {
  type: "object",
  description: "RFC 9457.",
  required: ["type", "status", "title", "remedy"],
  properties: {
    type: { type: "string", description: "The kind of problem, as a URN that never changes." },
    status: { type: "integer" },
    title: { type: "string", description: "What is wrong." },
    detail: { type: "string" },
    remedy: { type: "string", description: "What to do about it." },
    errors: {
      type: "array",
      description: "What in the request is not as it should be.",
      items: {
        type: "object",
        required: ["path", "message"],
        properties: { path: { type: "string" }, message: { type: "string" } },
      },
    },
  },
};
