/** The socket may be gone already: closing it again is not an error. */
export function closeQuietly(socket: WebSocket, code = 1000, reason = ""): void {
  try {
    socket.close(code, reason);
  } catch {
    // Closed by the other side meanwhile.
  }
}
