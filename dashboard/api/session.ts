// The API key of whoever is logged in: in this tab alone, until it is closed. It is sent as a header, never in an address.

const item = "durablemq.api-key";

export function keptKey(): string | undefined {
  return sessionStorage.getItem(item) ?? undefined;
}

export function keepKey(key: string): void {
  sessionStorage.setItem(item, key);
}

export function forgetKey(): void {
  sessionStorage.removeItem(item);
}
