// The types by which the dashboard calls the HTTP API, written from its OpenAPI document by `npm run docs`.

export const typesPath = "dashboard/api/schema.ts";

export function typesOf({ paths }) {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationText(method.toUpperCase(), path, operation)),
  );
  return [
    "// Written by `npm run docs` from the routes of the HTTP API: do not edit.",
    `export interface Api {\n${operations.join("\n")}\n}`,
    "",
  ].join("\n\n");
}

function operationText(method, path, { parameters, requestBody, responses }) {
  const body = requestBody?.content["application/json"]?.schema;
  const [answer] = Object.entries(responses)
    .filter(([status]) => status.startsWith("2"))
    .map(([, { content }]) => content?.["application/json"]?.schema);
  const lines = [
    `    readonly path: ${parametersText(parameters, "path")};`,
    `    readonly query: ${parametersText(parameters, "query")};`,
    `    readonly body: ${body === undefined ? "undefined" : typeText(body)};`,
    `    readonly answer: ${answer === undefined ? "undefined" : typeText(answer)};`,
  ];
  return `  readonly "${method} ${path}": {\n${lines.join("\n")}\n  };`;
}

function parametersText(parameters, place) {
  const those = parameters.filter((parameter) => parameter.in === place);
  if (those.length === 0) return "Readonly<Record<string, never>>";
  return `{ ${those.map(({ name, required, schema }) => fieldText(name, required, schema)).join(" ")} }`;
}

function fieldText(name, isRequired, schema) {
  return `readonly ${JSON.stringify(name)}${isRequired ? "" : "?"}: ${typeText(schema)};`;
}

function typeText(schema) {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return unionText(schema.enum.map((value) => JSON.stringify(value)));
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) return unionText(options.map(typeText));
  if (Array.isArray(schema.type)) return unionText(schema.type.map((type) => typeText({ ...schema, type })));
  switch (schema.type) {
    case "array":
      return `readonly (${typeText(schema.items ?? {})})[]`;
    case "object":
      return objectText(schema);
    case "integer":
      return "number";
    case "string":
    case "number":
    case "boolean":
    case "null":
      return schema.type;
    default:
      return "unknown";
  }
}

function objectText({ properties = {}, required = [], additionalProperties }) {
  const fields = Object.entries(properties).map(([name, schema]) => fieldText(name, required.includes(name), schema));
  if (fields.length > 0) return `{ ${fields.join(" ")} }`;
  return `Readonly<Record<string, ${additionalProperties ? typeText(additionalProperties) : "unknown"}>>`;
}

function unionText(types) {
  return [...new Set(types)].join(" | ");
}
