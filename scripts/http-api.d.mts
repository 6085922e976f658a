/** What `npm run docs` writes, by its path. */
export function written(): Readonly<Record<string, string>>;
/** What the broker serves as openapi.json. */
export function openApi(): {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
};
