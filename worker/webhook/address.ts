// Which addresses a webhook may have. The broker calls them from where it runs, so nobody may have it call what only that place can.

/** Why not; undefined if it may. */
export function addressProblem(text: string, allowsLoopback: boolean): string | undefined {
  if (!URL.canParse(text)) return "is no address";
  const { protocol, hostname, username, password, hash } = new URL(text);
  // What stands in an address is found in logs.
  if (username !== "" || password !== "") return "has credentials in it: use the signature";
  if (hash !== "") return "has a fragment, which is not sent";
  if (isLoopback(hostname)) {
    if (!allowsLoopback) return "is of this machine, which WEBHOOK_LOOPBACK has to allow";
    return protocol === "https:" || protocol === "http:" ? undefined : "is neither http nor https";
  }
  if (protocol !== "https:") return "is not https";
  if (isNumeric(hostname)) return "names its host by a number: use a name";
  if (!hostname.includes(".") || /\.(local|internal|localhost)\.?$/.test(hostname)) return "is of a private network";
  return undefined;
}

/** As URL writes them, whatever form they had: 0x7f.1 is 127.0.0.1. */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function isNumeric(hostname: string): boolean {
  return hostname.startsWith("[") || /^\d+\.\d+\.\d+\.\d+\.?$/.test(hostname);
}
