// What one object hands to another is copied, as the platform does: nothing is shared, and what is no plain data is refused.

export function copyOf<Value>(value: Value): Value {
  return copy(value) as Value;
}

function copy(value: unknown): unknown {
  if (typeof value === "function" || typeof value === "symbol")
    throw new TypeError(`cannot be copied: ${String(value)}`);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(copy);
  if (value instanceof Map) return new Map(Array.from(value, ([key, each]) => [copy(key), copy(each)]));
  if (value instanceof Set) return new Set(Array.from(value, copy));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError(`cannot be copied: ${value}`);
  const copied: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) copied[key] = copy(each);
  return copied;
}
