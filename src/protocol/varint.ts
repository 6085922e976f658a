// How long the variable byte integer is that says a length [MQTT-1.5.5-1].

export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x20_0000 ? 3 : 4;
}
