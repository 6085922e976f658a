// User name and password out of a WebSocket upgrade: the Authorization header (Basic, or Bearer for a token), and for scripts in
// a browser, which cannot set one, a second subprotocol beside `mqtt`: `basic.<user:password>` or `bearer.<token>`, in base64url.

import { Buffer } from "node:buffer";
import type { Connect } from "../../src/protocol/packet.ts";

type Shown = Pick<Connect, "username" | "password">;

export function credentialsOf(request: Request): Shown {
  const [, scheme = "", value = ""] = /^(basic|bearer) +(\S+)$/i.exec(request.headers.get("Authorization") ?? "") ?? [];
  if (/^basic$/i.test(scheme)) return basic(Buffer.from(value, "base64"));
  if (/^bearer$/i.test(scheme)) return { password: Buffer.from(value) };
  for (const offered of (request.headers.get("Sec-WebSocket-Protocol") ?? "").split(",")) {
    const [, kind, text = ""] = /^(basic|bearer)\.([\w-]+)$/.exec(offered.trim()) ?? [];
    if (kind === "basic") return basic(Buffer.from(text, "base64url"));
    if (kind === "bearer") return { password: Buffer.from(text, "base64url") };
  }
  return {};
}

function basic(bytes: Uint8Array): Shown {
  const at = bytes.indexOf(58);
  if (at < 0) return { username: new TextDecoder().decode(bytes) };
  return { username: new TextDecoder().decode(bytes.subarray(0, at)), password: bytes.subarray(at + 1) };
}
