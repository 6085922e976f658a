// A number for one life of an object: above those of its earlier lives, and never one of them, even if two began in the
// same millisecond. A clock that goes back is noticed by the receivers: see src/hop.

const perMillisecond = 1024;

export function newIncarnation(): number {
  return Date.now() * perMillisecond + Math.floor(Math.random() * perMillisecond);
}
