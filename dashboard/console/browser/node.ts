// What modules written for Node expect around them. MQTT.js, its streams and its codec are such.

import { Buffer } from "buffer";

Object.assign(globalThis, {
  Buffer,
  process: {
    env: {},
    nextTick: (callback: (...values: unknown[]) => void, ...values: unknown[]) =>
      queueMicrotask(() => callback(...values)),
  },
});
