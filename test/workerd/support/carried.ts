// What a session's socket carries through hibernation, and what it has no room for.

import { runInDurableObject } from "cloudflare:test";
import { sessionOf } from "./objects.ts";

export const attachmentBytesMax = 16_384;
const connectionWindowKey = 4;

export interface Carried {
  readonly attachmentBytes: number;
  /** Of the window's own row; 0 if there is none. */
  readonly rowBytes: number;
}

export function carriedBy(clientId: string): Promise<Carried> {
  return runInDurableObject(sessionOf(clientId), (_, state) => {
    const attachment = state.getWebSockets()[0]?.deserializeAttachment();
    // Bytes are stored as they are, a string beyond Latin-1 as two for each character.
    if (!(attachment instanceof Uint8Array)) throw new Error("an attachment that is not bytes");
    const statement = "SELECT LENGTH(json) AS bytes FROM state WHERE key = ?";
    const [row] = state.storage.sql.exec<{ bytes: number }>(statement, connectionWindowKey).toArray();
    return { attachmentBytes: attachment.length, rowBytes: row?.bytes ?? 0 };
  });
}
