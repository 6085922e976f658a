// The matching rules once more, by splitting into levels and without any cleverness, to hold the real ones against.

export function naiveMatches(filter: string, topic: string): boolean {
  if (topic.startsWith("$") && /^[+#]/.test(filter)) return false;
  return matchesLevels(filter.split("/"), topic.split("/"));
}

function matchesLevels(filter: string[], topic: string[]): boolean {
  const [first, ...rest] = filter;
  if (first === undefined) return topic.length === 0;
  if (first === "#") return true;
  const [level, ...others] = topic;
  if (level === undefined) return false;
  return (
    (first === "+" || first === level) && (matchesLevels(rest, others) || (others.length === 0 && rest[0] === "#"))
  );
}
