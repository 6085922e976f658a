// `$delayed/<seconds>/<topic>`: the topic name of a message that is to be published to <topic> after so many seconds.

export const delayedPrefix = "$delayed/";

export interface DelayedName {
  readonly seconds: number;
  readonly topic: string;
}

/** Undefined for a name of any other form. Within `<topic>` everything is as in other names. */
export function parseDelayed(name: string): DelayedName | undefined {
  if (!name.startsWith(delayedPrefix)) return undefined;
  const end = name.indexOf("/", delayedPrefix.length);
  const digits = name.slice(delayedPrefix.length, end);
  if (end === -1 || !/^\d{1,10}$/.test(digits)) return undefined;
  const topic = name.slice(end + 1);
  // A delay within a delay has no meaning of its own.
  return topic === "" || topic.startsWith(delayedPrefix) ? undefined : { seconds: Number(digits), topic };
}
