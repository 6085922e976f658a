// Gives the operator a file.

/** Long enough for the browser to have begun with it. */
const releasedAfterMs = 60_000;

export function download(name: string, file: Blob): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(address), releasedAfterMs);
}
