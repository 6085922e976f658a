// A payload as people read it, and back.

export const views = ["auto", "JSON", "text", "hex"] as const;
export type View = (typeof views)[number];

export function payloadText(payload: Uint8Array, view: View): string {
  switch (view) {
    case "auto":
      return jsonOf(payload) ?? textOf(payload) ?? hexOf(payload);
    case "JSON":
      return jsonOf(payload) ?? "This payload is not JSON.";
    case "text":
      return new TextDecoder().decode(payload);
    case "hex":
      return hexOf(payload);
  }
}

function textOf(payload: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(payload);
  } catch {
    return undefined;
  }
}

/** Laid out, with every number and string as it was sent. */
function jsonOf(payload: Uint8Array): string | undefined {
  const text = textOf(payload) ?? "";
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  let depth = 0;
  let out = "";
  const line = () => `\n${"  ".repeat(depth)}`;
  for (const [token] of text.matchAll(/"(?:\\.|[^"\\])*"|\{\s*\}|\[\s*\]|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    if (token === "{" || token === "[") {
      depth++;
      out += token + line();
    } else if (token === "}" || token === "]") {
      depth--;
      out += line() + token;
    } else if (token === ",") {
      out += token + line();
    } else if (token === ":") {
      out += ": ";
    } else {
      out += token.replace(/^([{[])\s+([}\]])$/, "$1$2");
    }
  }
  return out;
}

const bytesOfLine = 16;

/** As `hexdump -C` prints it. */
function hexOf(payload: Uint8Array): string {
  const lines: string[] = [];
  for (let offset = 0; offset < payload.length; offset += bytesOfLine) {
    const bytes = [...payload.subarray(offset, offset + bytesOfLine)];
    const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = bytes.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${offset.toString(16).padStart(8, "0")}  ${hex.padEnd(bytesOfLine * 3)} ${text}`);
  }
  return lines.join("\n");
}

export function bytesOfHex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s|0x|,/g, "");
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new Error("Hexadecimal is pairs of the digits 0 to 9 and a to f.");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function bytesOfBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
