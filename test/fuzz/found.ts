// Lives that once did not end as they should, whether the broker or the fuzzer was wrong. A run that fails prints a row:
// it goes here under a name, and is lived again in every run.

import type { ProtocolVersion } from "../../src/protocol/version.ts";
import type { Frame, Life } from "./life.ts";

interface Found {
  readonly name: string;
  readonly version: ProtocolVersion;
  readonly connectBytes: number;
  /** In hexadecimal, or `text` and a text frame. */
  readonly frames: readonly string[];
}

const connect4 = "101200044d5154540402003c000666757a7a2d30";
const connect5 = "101300044d5154540502003c00000666757a7a2d30";

const found: readonly Found[] = [
  {
    name: "a mistake in one frame with CONNECT is told by CONNACK, or behind it",
    version: 5,
    connectBytes: 21,
    frames: [`${connect5}0000`],
  },
  {
    name: "half a packet behind DISCONNECT does not make the end an unexplained one",
    version: 5,
    connectBytes: 21,
    frames: [connect5, "e000c0"],
  },
  {
    name: "a packet too large is refused with its first bytes, before the rest has come",
    version: 5,
    connectBytes: 21,
    frames: [connect5, "30ffffff7f00"],
  },
  {
    name: "a packet that ends in its topic's length is waited for, and then read",
    version: 4,
    connectBytes: 20,
    frames: [connect4, "300500"],
  },
];

export function foundLives(): (Life & { readonly name: string })[] {
  return found.map(({ name, version, connectBytes, frames }) => ({
    name,
    seed: 0,
    version,
    connectBytes,
    frames: frames.map(toFrame),
    waits: false,
    leaves: "cut",
  }));
}

function toFrame(text: string): Frame {
  const data = text.startsWith("text ") ? text.slice(5) : Uint8Array.from(Buffer.from(text, "hex"));
  return { data, mutated: true };
}
