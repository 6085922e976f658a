// A step of an object that fails, or that cannot be written, has changed the object's memory alone: nothing of it may be seen, so the
// object starts anew from its rows. Whoever called it hears of a failure, and calls again.

/** `who`: the object, as its line of the log has it. What the action writes has to be one transaction. */
export function carryOut<Result>(
  context: DurableObjectState,
  who: Readonly<Record<string, string>>,
  action: () => Result,
): Result {
  try {
    return action();
  } catch (error) {
    const detail = error instanceof Error ? error.stack : `${error}`;
    console.error(JSON.stringify({ event: "not-carried-out", ...who, error: detail }));
    context.abort(`not carried out: ${error}`);
    throw error;
  }
}
