export const referencePath: string;
export function reference(): string;
/** What the broker serves as openapi.json. */
export function openApi(): {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
};
