// A number for one life of an object: above those of its earlier lives, and never one of them, even if two began in the
// same millisecond. A clock that goes back is noticed by the receivers: see src/hop.

import { livesPerMillisecond } from "../src/hop/generations.ts";

export function newIncarnation(): number {
  return Date.now() * livesPerMillisecond + Math.floor(Math.random() * livesPerMillisecond);
}
