// Waiting with a ceiling, and with an error that says what did not come.

const pollMs = 10;

export async function until(isTrue: () => boolean, timeoutMs: number, whatIsMissing: () => string): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs;
  while (!isTrue()) {
    if (Date.now() > deadlineMs) throw new Error(`after ${timeoutMs} ms: ${whatIsMissing()}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Waits until it is true, or until what `count` says has not changed for so long. */
export async function untilQuiet(
  isTrue: () => boolean,
  count: () => number,
  quietMs: number,
  timeoutMs: number,
  whatIsMissing: () => string,
): Promise<void> {
  let latest = count();
  let movedMs = Date.now();
  const isOver = (): boolean => {
    const now = count();
    if (now !== latest) {
      latest = now;
      movedMs = Date.now();
    }
    return isTrue() || Date.now() - movedMs > quietMs;
  };
  await until(isOver, timeoutMs, whatIsMissing);
}
