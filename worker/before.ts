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
