// Bytes in memory of their own, so that keeping them keeps nothing else. A Buffer's own `slice` does not copy.

export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
