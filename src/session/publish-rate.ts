// How fast one client may publish, in messages and in bytes. It lives in memory alone: an object that has slept has not been
// published to for longer than a burst lasts.

import { Bucket } from "../auth/bucket.ts";
import type { SessionLimits } from "./limits.ts";

type Limits = Pick<SessionLimits, "publishMessagesPerSecond" | "publishBytesPerSecond" | "publishBurstSeconds">;

export class PublishRate {
  readonly #messages = new Bucket();
  readonly #bytes = new Bucket();

  take(bytes: number, limits: Limits, nowMs: number): boolean {
    const { publishMessagesPerSecond, publishBytesPerSecond, publishBurstSeconds } = limits;
    if (publishMessagesPerSecond === 0 && publishBytesPerSecond === 0) return true;
    const rate = (perSecond: number) => ({ perSecond, burst: Math.max(1, perSecond * publishBurstSeconds) });
    return (
      this.#messages.take(1, rate(publishMessagesPerSecond), nowMs) &&
      this.#bytes.take(bytes, rate(publishBytesPerSecond), nowMs)
    );
  }
}
