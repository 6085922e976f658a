// How a message says which one it is: the name of its stream and its number there.

export interface Delivery {
  readonly stream: string;
  readonly sequence: number;
  readonly topic: string;
  readonly quality: number;
}

export function payloadOf(stream: string, sequence: number): string {
  return `${stream}:${sequence}`;
}

/** Undefined for a payload that is not a message of a stream. */
export function readPayload(payload: string): { readonly stream: string; readonly sequence: number } | undefined {
  const colon = payload.lastIndexOf(":");
  if (colon < 0) return undefined;
  return { stream: payload.slice(0, colon), sequence: Number(payload.slice(colon + 1)) };
}
