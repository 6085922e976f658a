// Where a client can connect: a broker that runs as a process of its own, reached over a WebSocket, or the core in this
// process. What is played against one can be played against the other.

export interface Venue<Socket extends ClientSocket = ClientSocket> {
  openSocket(): Promise<Socket>;
}

export interface RawPacket {
  readonly firstByte: number;
  readonly body: Buffer;
}

export interface ClientSocket {
  /** All packets received, in order. */
  readonly packets: readonly RawPacket[];
  /** Resolves with the WebSocket close code. */
  readonly closed: Promise<number>;
  readonly isClosed: boolean;
  /** One binary frame. */
  sendBytes(bytes: Uint8Array): void;
  sendText(text: string): void;
  /** Ends the connection as a network failure would: no DISCONNECT, no closing handshake. */
  cut(): void;
  /** Resolves once the condition holds, which what arrives can bring about; fails with `what` when it takes too long. */
  until(what: string, condition: () => boolean, timeoutMs?: number): Promise<void>;
}
