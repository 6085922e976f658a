// What is a topic name and what is a topic filter. Problems are returned as words, since this folder knows no packets.

export type TopicProblem =
  | "empty" // [MQTT-4.7.3-1]
  | "nul" // [MQTT-4.7.3-2]
  | "illFormed" // [MQTT-1.5.4-1]
  | "tooLong" // [MQTT-4.7.3-3], or longer than the deployment allows
  | "tooManyLevels"
  | "wildcard" // in a name [MQTT-4.7.0-1], or misplaced in a filter [MQTT-4.7.1-1] [MQTT-4.7.1-2]
  | "shareName"; // [MQTT-4.8.2-1] [MQTT-4.8.2-2]

export interface TopicLimits {
  readonly bytesMax: number;
  readonly levelsMax: number;
}

/** What the specification itself allows. */
export const protocolTopicLimits: TopicLimits = { bytesMax: 65_535, levelsMax: 65_536 };

export function topicNameProblem(name: string, limits: TopicLimits = protocolTopicLimits): TopicProblem | undefined {
  const problem = textProblem(name, limits);
  if (problem !== undefined) return problem;
  return name.includes("+") || name.includes("#") ? "wildcard" : undefined;
}

/** For a filter without its `$share/<group>/`; see `parseFilter`. */
export function topicFilterProblem(
  filter: string,
  limits: TopicLimits = protocolTopicLimits,
): TopicProblem | undefined {
  return textProblem(filter, limits) ?? wildcardProblem(filter);
}

export function levelCount(name: string): number {
  let count = 1;
  for (let at = name.indexOf("/"); at !== -1; at = name.indexOf("/", at + 1)) count++;
  return count;
}

/** `$SYS` is for what the server itself has to say: no client publishes there. */
export function isReserved(name: string): boolean {
  return name === "$SYS" || name.startsWith("$SYS/");
}

function textProblem(text: string, limits: TopicLimits): TopicProblem | undefined {
  if (text === "") return "empty";
  if (text.includes("\u0000")) return "nul";
  if (!text.isWellFormed()) return "illFormed";
  if (utf8Length(text) > limits.bytesMax) return "tooLong";
  return levelCount(text) > limits.levelsMax ? "tooManyLevels" : undefined;
}

function wildcardProblem(filter: string): TopicProblem | undefined {
  for (let at = 0; at < filter.length; at++) {
    const character = filter[at];
    if (character !== "+" && character !== "#") continue;
    const startsLevel = at === 0 || filter[at - 1] === "/";
    const endsFilter = at === filter.length - 1;
    // [MQTT-4.7.1-1] # is a whole level and the last; [MQTT-4.7.1-2] + is a whole level.
    const endsLevel = endsFilter || (character === "+" && filter[at + 1] === "/");
    if (!startsLevel || !endsLevel) return "wildcard";
  }
  return undefined;
}

function utf8Length(text: string): number {
  let length = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    // A surrogate pair is 2 units and 4 bytes; any other unit from U+0800 is 3 bytes.
    if (unit >= 0x80) length += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return length;
}
