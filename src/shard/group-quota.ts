// How much is kept for one group, against the limits of a session's queue.

import type { QueueLimits } from "../queue/limits.ts";
import type { GroupTotals } from "./changes.ts";

export type GroupLimits = Pick<QueueLimits, "queueMessagesMax" | "queueBytesMax" | "queuePolicy">;

export class GroupQuota {
  readonly #limits: GroupLimits;
  #messages: number;
  #bytes: number;

  constructor({ messages, bytes }: GroupTotals, limits: GroupLimits) {
    this.#limits = limits;
    this.#messages = messages;
    this.#bytes = bytes;
  }

  get messages(): number {
    return this.#messages;
  }

  /** More than the limits allow is kept. */
  get isExceeded(): boolean {
    return !this.hasRoomFor(0, 0);
  }

  /** Whether so many more may be kept. */
  hasRoomFor(messages: number, bytes: number): boolean {
    const { queueMessagesMax, queueBytesMax } = this.#limits;
    return this.#messages + messages <= queueMessagesMax && this.#bytes + bytes <= queueBytesMax;
  }

  /** So many more are kept, or fewer. */
  add(messages: number, bytes: number): void {
    this.#messages += messages;
    this.#bytes += bytes;
  }

  clear(): void {
    this.#messages = 0;
    this.#bytes = 0;
  }
}
