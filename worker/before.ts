// Waiting with a limit, in an object: only ever within a call that keeps it awake anyway. See decision 9.

/** The promise's value, or undefined if it takes longer. */
export async function before<Value>(waitMs: number, value: Promise<Value>): Promise<Value | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), waitMs);
  });
  try {
    return await Promise.race([value, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The same, but a timer that rings late says that the thread was busy, and what is waited for may stand in the same queue: then
 * it is waited for again, for `mostMs` in all.
 */
export async function beforePatiently<Value>(
  waitMs: number,
  mostMs: number,
  value: Promise<Value>,
): Promise<Value | undefined> {
  const endMs = Date.now() + mostMs;
  for (;;) {
    const dueMs = Date.now() + waitMs;
    const known = await before(waitMs, value);
    const nowMs = Date.now();
    const isOnTime = nowMs - dueMs < waitMs / 2;
    if (known !== undefined || isOnTime || nowMs + waitMs > endMs) return known;
  }
}
