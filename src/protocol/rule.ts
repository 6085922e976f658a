// Names of the specifications' numbered statements, as failures carry them.

import type { ProtocolVersion } from "./version.ts";

/** The statement in the specification of the client's version. MQTT 3.1 has no numbers and borrows those of 3.1.1. */
export function rule(version: ProtocolVersion, five: string, three: string): string {
  return version === 5 ? `MQTT-${five}` : `MQTT3-${three}`;
}
