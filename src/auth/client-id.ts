// Which client ids a user may have: a pattern of the deployment, such as `%u` or `%u-*`. So nobody takes a client id, and the
// session under it, that is somebody else's.

/** `*` at the end stands for anything, also nothing; `%u` for the user. "" allows every client id. */
export function mayHaveClientId(pattern: string, user: string | undefined, clientId: string): boolean {
  if (pattern === "") return true;
  // Who has not proved to be somebody has no client ids of their own.
  if (user === undefined) return false;
  const isOpen = pattern.endsWith("*");
  const filled = (isOpen ? pattern.slice(0, -1) : pattern).replaceAll("%u", () => user);
  return isOpen ? clientId.startsWith(filled) : clientId === filled;
}
