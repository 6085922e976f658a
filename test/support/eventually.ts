// Waiting for something to become true, with a deadline. The only place in the tests that lets time pass.

const pollMs = 10;

/** Polls until `read` gives something other than undefined or false; fails with `what` when it takes too long. */
export async function eventually<Value>(
  what: string,
  read: () => Value | Promise<Value>,
  timeoutMs = 20_000,
): Promise<Exclude<Value, undefined | false>> {
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    const value = await read();
    if (value !== undefined && value !== false) return value as Exclude<Value, undefined | false>;
    if (Date.now() > deadlineMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** The promise's value, or a failure that says what did not come in time. */
export async function within<Value>(what: string, promise: Promise<Value>, timeoutMs = 20_000): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${timeoutMs} ms: ${what}`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
