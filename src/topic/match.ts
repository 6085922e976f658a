// The only matcher: routing, retained messages and access rules all ask it. It compares characters as they are, without
// normalising anything [MQTT-4.7.3-4]. Names and filters have been validated; a filter has no `$share/` prefix here.

export function matches(filter: string, topic: string): boolean {
  // [MQTT-4.7.2-1] a filter that begins with a wildcard does not match names that begin with $.
  if (topic.startsWith("$") && startsWithWildcard(filter)) return false;
  let at = 0;
  let topicAt = 0;
  for (;;) {
    const filterEnd = levelEnd(filter, at);
    if (isLevel(filter, at, filterEnd, "#")) return true;
    const topicEnd = levelEnd(topic, topicAt);
    if (!isLevel(filter, at, filterEnd, "+") && !sameLevel(filter, at, filterEnd, topic, topicAt, topicEnd))
      return false;
    const filterDone = filterEnd === filter.length;
    if (topicEnd === topic.length) return filterDone || endsInHash(filter, filterEnd);
    if (filterDone) return false;
    at = filterEnd + 1;
    topicAt = topicEnd + 1;
  }
}

/**
 * Whether every topic name that `filter` matches is matched by `rule` too. This, and not `matches`, decides whether a
 * subscription is within an access rule: a rule `a/+` must not grant `a/#`.
 */
export function covers(rule: string, filter: string): boolean {
  if (filter.startsWith("$") && startsWithWildcard(rule)) return false;
  let at = 0;
  let filterAt = 0;
  for (;;) {
    const ruleEnd = levelEnd(rule, at);
    if (isLevel(rule, at, ruleEnd, "#")) return true;
    const filterEnd = levelEnd(filter, filterAt);
    if (isLevel(filter, filterAt, filterEnd, "#")) return needsOneMore(filter) && rule.slice(at) === "+/#";
    // A + of the filter equals a + of the rule only; a literal level never contains a wildcard character.
    if (!isLevel(rule, at, ruleEnd, "+") && !sameLevel(rule, at, ruleEnd, filter, filterAt, filterEnd)) return false;
    const ruleDone = ruleEnd === rule.length;
    if (filterEnd === filter.length) return ruleDone || endsInHash(rule, ruleEnd);
    if (ruleDone) return false;
    at = ruleEnd + 1;
    filterAt = filterEnd + 1;
  }
}

/** Whether there is a topic name that both match. */
export function overlaps(one: string, other: string): boolean {
  if (one.startsWith("$") && startsWithWildcard(other)) return false;
  if (other.startsWith("$") && startsWithWildcard(one)) return false;
  let oneAt = 0;
  let otherAt = 0;
  /** All levels so far are empty in any name that both match. */
  let isEmptySoFar = true;
  for (;;) {
    const oneEnd = levelEnd(one, oneAt);
    const otherEnd = levelEnd(other, otherAt);
    if (isLevel(one, oneAt, oneEnd, "#") || isLevel(other, otherAt, otherEnd, "#")) return true;
    const isAny = isLevel(one, oneAt, oneEnd, "+") || isLevel(other, otherAt, otherEnd, "+");
    if (!isAny && !sameLevel(one, oneAt, oneEnd, other, otherAt, otherEnd)) return false;
    isEmptySoFar &&= oneEnd === oneAt || otherEnd === otherAt;
    const oneDone = oneEnd === one.length;
    const otherDone = otherEnd === other.length;
    // The empty name does not exist [MQTT-4.7.3-1].
    if (oneDone && otherDone) return true;
    if (oneDone) return !(isEmptySoFar && oneAt === 0) && endsInHash(other, otherEnd);
    if (otherDone) return !(isEmptySoFar && otherAt === 0) && endsInHash(one, oneEnd);
    oneAt = oneEnd + 1;
    otherAt = otherEnd + 1;
  }
}

export function startsWithWildcard(filter: string): boolean {
  return filter.startsWith("+") || filter.startsWith("#");
}

function levelEnd(text: string, from: number): number {
  const slash = text.indexOf("/", from);
  return slash === -1 ? text.length : slash;
}

function isLevel(text: string, from: number, end: number, wildcard: "+" | "#"): boolean {
  return end === from + 1 && text[from] === wildcard;
}

function sameLevel(left: string, leftFrom: number, leftEnd: number, right: string, from: number, end: number): boolean {
  const length = end - from;
  if (leftEnd - leftFrom !== length) return false;
  for (let at = 0; at < length; at++) {
    if (left.charCodeAt(leftFrom + at) !== right.charCodeAt(from + at)) return false;
  }
  return true;
}

/** The level before # would be the empty name, which does not exist [MQTT-4.7.3-1]: here # is one level or more. */
function needsOneMore(filter: string): boolean {
  return filter === "#" || filter === "/#";
}

/** `a/#` also matches `a` itself. */
function endsInHash(filter: string, slash: number): boolean {
  return slash === filter.length - 2 && filter.endsWith("#");
}
