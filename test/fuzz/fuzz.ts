// Many lives at one broker, with a witness beside them.

import type { ClientSocket, Venue } from "../support/venue.ts";
import { type Life, lifeFrom } from "./life.ts";
import { live } from "./live.ts";
import { Witness } from "./witness.ts";

export interface FuzzOptions<Socket extends ClientSocket> {
  readonly seed: number;
  /** How many packets that are not in order the broker has to take. */
  readonly packets: number;
  /** Lives go on at once under so many client ids. */
  readonly clients: number;
  /** Makes of a life what is to be lived; itself by default. */
  readonly prepare?: (life: Life) => Promise<Life>;
  readonly inspect?: (socket: Socket) => void;
}

export interface Fuzzed {
  readonly lives: number;
  readonly packets: number;
  /** What clients were told at the end. */
  readonly refusals: ReadonlySet<string>;
}

const livesBetweenChecks = 200;

export async function fuzz<Socket extends ClientSocket>(
  venue: Venue<Socket>,
  options: FuzzOptions<Socket>,
): Promise<Fuzzed> {
  const { seed, clients, prepare = async (life: Life) => life, inspect } = options;
  const witness = new Witness(venue);
  await witness.arrive();
  let lives = 0;
  let packets = 0;
  const refusals = new Set<string>();
  let checks = Promise.resolve();
  const go = async (clientId: string): Promise<void> => {
    while (packets < options.packets) {
      const life = await prepare(lifeFrom(seed + lives++, clientId));
      const { mutated, refusal } = await live(venue, life, inspect);
      packets += mutated;
      if (refusal !== undefined) refusals.add(refusal);
      if (lives % livesBetweenChecks === 0) checks = checks.then(() => witness.check());
      await checks;
    }
  };
  await Promise.all(Array.from({ length: clients }, (_unused, index) => go(`fuzz-${index}`)));
  await witness.leave();
  return { lives, packets, refusals };
}
