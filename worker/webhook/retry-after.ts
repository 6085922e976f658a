// The header Retry-After: seconds, or a date [RFC 9110, 10.2.3].

/** 0 where it says nothing. What is too long is for the caller to bound. */
export function retryAfterMs(value: string | null, nowMs: number): number {
  if (value === null) return 0;
  if (/^\s*\d{1,9}\s*$/.test(value)) return Number(value) * 1000;
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? 0 : Math.max(0, atMs - nowMs);
}
