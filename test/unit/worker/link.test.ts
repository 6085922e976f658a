// When a connection whose edge is not heard of any more counts as gone.

import { expect, test } from "vitest";
import { alivePingMs, edgeSilentMsMax } from "../../../worker/hello.ts";
import { isSilent, type Link } from "../../../worker/session/link.ts";

const heardAtMs = 1_000_000;

function isSilentAfter(ms: number): boolean {
  const context = { getWebSocketAutoResponseTimestamp: () => new Date(heardAtMs) } as unknown as DurableObjectState;
  const link = { socket: {}, direct: undefined } as unknown as Link;
  return isSilent(context, link, undefined, heardAtMs + ms);
}

test("an edge of which one sign is missing is still there; one that has been silent for too long is not", () => {
  expect(isSilentAfter(2 * alivePingMs)).toBe(false);
  expect(isSilentAfter(edgeSilentMsMax)).toBe(false);
  expect(isSilentAfter(edgeSilentMsMax + 1)).toBe(true);
});
