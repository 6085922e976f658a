// A WebSocket between an edge and an object, across the network: frames keep their order in each direction, take their
// time, and are lost behind the point where the line breaks. It outlives the object's sleep, and no reset.

import { alivePingMs } from "../../../worker/hello.ts";
import { copyOf } from "./copy.ts";
import type { Cause, ObjectHost } from "./host.ts";

/** What the edge hears. `cause` is the frame that made the object close. */
export interface EdgeEvents {
  frame(bytes: Uint8Array): void;
  /** One that the object sent and that will never arrive. */
  lost(bytes: Uint8Array): void;
  closed(code: number, cause: Cause | undefined): void;
}

const readyState = { open: 1, closing: 2, closed: 3 } as const;
const attachmentBytesMax = 16_384;
const resetCode = 1006;

type EdgeState = "open" | "vanished" | "closed";

export class Line {
  readonly host: ObjectHost;
  readonly server: ServerEnd;
  readonly openedAtMs: number;
  events: EdgeEvents | undefined;
  tags: readonly string[] = [];
  #edge: EdgeState = "open";
  #edgeUntilMs = Number.POSITIVE_INFINITY;
  isBroken = false;
  /** When the object closed it, or was reset; undefined while it has not. */
  objectEndedAtMs: number | undefined;
  #upAtMs = 0;
  #downAtMs = 0;
  #framesUp = 0;

  constructor(host: ObjectHost) {
    this.host = host;
    this.server = new ServerEnd(this);
    this.openedAtMs = host.platform.agenda.nowMs;
  }

  accept(tags: readonly string[]): void {
    this.tags = tags;
    this.host.lines.add(this);
  }

  /** The last ping of the edge that was answered. */
  pingedAt(): Date | null {
    const untilMs = Math.min(this.host.platform.agenda.nowMs, this.#edgeUntilMs);
    const pings = Math.floor((untilMs - this.openedAtMs) / alivePingMs);
    return pings === 0 ? null : new Date(this.openedAtMs + pings * alivePingMs);
  }

  /** From the edge to the object; returns the number of the frame. */
  sendUp(bytes: Uint8Array): number {
    const frame = ++this.#framesUp;
    this.#up(() => {
      this.host.platform.note("frame", this.host.name, `${bytes.length} bytes`);
      const cause = { line: this, frame };
      const message = new Uint8Array(bytes).buffer;
      this.host.notify((object) => (object as Handlers).webSocketMessage(this.server, message), cause);
    });
    return frame;
  }

  /** The edge closes: the object hears it behind all frames. */
  closeUp(): void {
    if (this.#edge !== "open") return;
    this.#leave("closed");
    this.#up(() => this.#ended());
  }

  /** The edge is gone, and nobody tells the object. What was under way may still arrive. */
  vanish(): void {
    if (this.#edge === "open") this.#leave("vanished");
  }

  sendDown(bytes: Uint8Array): void {
    this.#down(
      () => this.events?.frame(bytes),
      () => this.events?.lost(bytes),
    );
  }

  /** The object has closed. The edge closes too, which the object hears in its turn. */
  closeDown(code: number, cause: Cause | undefined): void {
    this.#down(() => {
      this.#leave("closed");
      this.events?.closed(code, cause);
      this.#up(() => this.#ended());
    });
  }

  /** The object was reset. */
  breakOff(): void {
    this.isBroken = true;
    this.objectEnded();
    this.server.readyState = readyState.closed;
    this.#down(() => {
      this.#leave("closed");
      this.events?.closed(resetCode, undefined);
    });
  }

  objectEnded(): void {
    this.objectEndedAtMs ??= this.host.platform.agenda.nowMs;
  }

  #leave(state: EdgeState): void {
    this.#edge = state;
    this.#edgeUntilMs = Math.min(this.#edgeUntilMs, this.host.platform.agenda.nowMs);
  }

  #ended(): void {
    if (this.server.readyState === readyState.open) this.server.readyState = readyState.closing;
    this.host.platform.note("close", this.host.name, "");
    // Until its handler has come to rest the object still finds the socket among its own.
    const ended = () => void this.host.lines.delete(this);
    this.host.notify((object) => (object as Handlers).webSocketClose(this.server), undefined, ended);
  }

  #up(arrive: () => void): void {
    const { agenda, network } = this.host.platform;
    this.#upAtMs = Math.max(this.#upAtMs, agenda.nowMs + network.delayMs());
    agenda.at(this.#upAtMs, () => {
      if (!this.isBroken) arrive();
    });
  }

  #down(arrive: () => void, lose = () => {}): void {
    const { agenda, network } = this.host.platform;
    this.#downAtMs = Math.max(this.#downAtMs, agenda.nowMs + network.delayMs());
    agenda.at(this.#downAtMs, () => {
      if (this.#edge === "open") arrive();
      else lose();
    });
  }
}

interface Handlers {
  webSocketMessage(socket: ServerEnd, message: ArrayBuffer): unknown;
  webSocketClose(socket: ServerEnd): unknown;
}

/** The object's end, as the platform's WebSocket. */
export class ServerEnd {
  readonly line: Line;
  readyState: number = readyState.open;
  #attachment: unknown = null;

  constructor(line: Line) {
    this.line = line;
  }

  send(data: Uint8Array): void {
    if (this.readyState === readyState.closing) throw new Error("WebSocket send() after close()");
    const bytes = new Uint8Array(data);
    const { line } = this;
    line.host.life?.emit(
      line,
      () => line.sendDown(bytes),
      () => line.events?.lost(bytes),
    );
  }

  close(code: number): void {
    if (this.readyState !== readyState.open) throw new Error("WebSocket close() after close()");
    this.readyState = readyState.closing;
    this.line.objectEnded();
    const { cause } = this.line.host;
    this.line.host.life?.emit(this.line, () => this.line.closeDown(code, cause));
  }

  serializeAttachment(value: unknown): void {
    if (value instanceof Uint8Array && value.length > attachmentBytesMax)
      throw new Error("the attachment is too large");
    this.#attachment = copyOf(value);
  }

  deserializeAttachment(): unknown {
    return copyOf(this.#attachment);
  }
}
