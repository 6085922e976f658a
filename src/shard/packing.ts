// Which deliveries to a session leave in one call: as many as fit, but of each publisher those of one of its sessions.
//
// A session remembers of each publisher how far the latest session of it came. A call that brought two of them, and came
// again, would find the first unknown: so the second waits until the first is settled.

import { type Packing, packByBytes } from "../hop/lane.ts";
import type { OwedPart } from "./changes.ts";

/** What a character of a publisher's name takes in a row of the outbox at most, and the numbers beside it: see src/store/owed-parts.ts. */
const characterBytes = 6;
const numbersBytes = 64;

export function packParts<Item extends { readonly part: OwedPart }>(bytesMax: number): Packing<Item> {
  const fitting = packByBytes<Item>(({ part }) => bytesOf(part), bytesMax);
  return (waiting) => {
    const count = fitting(waiting);
    if (count === 1) return 1;
    const generations = new Map<string, number>();
    for (let index = 0; index < count; index++) {
      const { publisher, publisherGeneration } = (waiting[index] as Item).part;
      if ((generations.get(publisher) ?? publisherGeneration) !== publisherGeneration) return index;
      generations.set(publisher, publisherGeneration);
    }
    return count;
  };
}

function bytesOf({ publisher, body }: OwedPart): number {
  return body.length + publisher.length * characterBytes + numbersBytes;
}
