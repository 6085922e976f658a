// mqtt-packet behind two functions. It sees only single, whole packets that a guard has walked, so that it never waits
// for more bytes, and nothing it throws or emits gets further than here.

import { generate, type Packet, parser, writeToStream } from "mqtt-packet";
import type { ProtocolVersion } from "../protocol/version.ts";

// Otherwise the first packet written builds 65,536 buffers.
writeToStream.cacheNumbers = false;

/** `undefined` when the library does not accept the packet, which its guard should have refused. */
export function parsePacket(packet: Uint8Array, version: ProtocolVersion): Packet | undefined {
  let parsed: Packet | undefined;
  let failed = false;
  try {
    // A parser remembers: after a CONNECT its version, after a fault half a packet. A new one costs less than the packet.
    const packets = parser({ protocolVersion: version });
    packets.on("packet", (found) => {
      parsed = found;
    });
    packets.on("error", () => {
      failed = true;
    });
    const left = packets.parse(Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength));
    return failed || left > 0 ? undefined : parsed;
  } catch {
    return undefined;
  }
}

/** Throws when a packet cannot be written: then the mistake is ours. */
export function generatePacket(packet: Packet, version: ProtocolVersion): Uint8Array {
  return generate(packet, { protocolVersion: version });
}
