// `$delayed/<seconds>/<topic>`: the topic name of a message that is to be published to <topic> after so many seconds.

const delayedPrefix = "$delayed/";

export interface DelayedName {
  readonly seconds: number;
  readonly topic: string;
}

/**
 * The topic that a publication is for: its name, or the one behind a delay of at most so many seconds, 0 for no delays;
 * undefined for a delay that is none.
 */
export function topicBehind(name: string, secondsMax: number): string | undefined {
  if (secondsMax === 0 || !name.startsWith(delayedPrefix)) return name;
  const delayed = parseDelayed(name);
  return delayed === undefined || delayed.seconds > secondsMax ? undefined : delayed.topic;
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
