/** Where the HTTP API lives. */
export const basePath = "/api/v1";
