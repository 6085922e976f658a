// A topic shard as a session sees it: routes each QoS 2 message once, by its number.

import { RecordReader } from "../../src/queue/record.ts";
import type { LaneItem, PublishItem } from "../../src/session/outgoing.ts";
import { textOf } from "./records.ts";

export class ModelShard {
  /** Payloads, as they were routed. */
  readonly routed: string[] = [];
  #cursor = 0;

  /** Routes what it is asked to, but for those from `refuseFrom` on, whose indexes it returns. */
  take(items: readonly LaneItem[], refuseFrom = Number.POSITIVE_INFINITY): number[] {
    const refused: number[] = [];
    let index = 0;
    for (const item of items as readonly PublishItem[]) {
      for (const reader = new RecordReader(item.body); reader.next(); index++) {
        const { sequence, payload, qos } = reader;
        if (sequence > 0 && sequence <= this.#cursor) continue;
        if (index >= refuseFrom && qos > 0) {
          refused.push(index);
          continue;
        }
        if (sequence > 0) this.#cursor = sequence;
        this.routed.push(textOf(payload));
      }
    }
    return refused;
  }
}
