// One connection of a client: from dialling, through a line to its session object, to an end that somebody makes.
// The edge is left out: the line begins with the frame that the edge would send.

import { generate, type IConnectPacket, type Packet, parser } from "mqtt-packet";
import { encodeHello } from "../../../worker/hello.ts";
import type { Cause, ObjectHost } from "../platform/host.ts";
import type { Line } from "../platform/line.ts";

export interface ConnectionEvents {
  packet(packet: Packet): void;
  /** One that was sent, and did not reach the client before the connection was over. */
  unheard(packet: Packet): void;
  malformed(error: Error): void;
  /** The other side ended it; `answered`: because of the last frame that was sent. */
  ended(answered: boolean): void;
}

const upgrade = new Request("https://session/", { headers: { Upgrade: "websocket" } });
const normalClosure = 1000;

export class Connection {
  readonly #host: ObjectHost;
  readonly #connect: IConnectPacket;
  readonly #events: ConnectionEvents;
  readonly #parser;
  #line: Line | undefined;
  #isOver = false;
  #lastFrame = 0;

  constructor(host: ObjectHost, connect: IConnectPacket, events: ConnectionEvents) {
    this.#host = host;
    this.#connect = connect;
    this.#events = events;
    const { protocolVersion } = connect;
    this.#parser = parser(protocolVersion === undefined ? {} : { protocolVersion });
    this.#parser.on("packet", (packet) => (this.#isOver ? events.unheard(packet) : events.packet(packet)));
    this.#parser.on("error", (error: Error) => events.malformed(error));
    const { agenda, network } = host.platform;
    agenda.after(network.delayMs(), () => this.#dial());
  }

  /** When the session ended it, which its client hears of later; undefined if it did not. */
  get objectEndedAtMs(): number | undefined {
    return this.#line?.objectEndedAtMs;
  }

  /** Packets in one frame. */
  send(packets: readonly Packet[]): void {
    if (this.#line === undefined || this.#isOver || packets.length === 0) return;
    const { protocolVersion } = this.#connect;
    const options = protocolVersion === undefined ? {} : { protocolVersion };
    this.#lastFrame = this.#line.sendUp(Buffer.concat(packets.map((packet) => generate(packet, options))));
  }

  /** The client leaves, and the session hears of it. */
  cut(): void {
    this.#isOver = true;
    this.#line?.closeUp();
  }

  /** The client turns to another connection, and leaves this one as it is. */
  abandon(): void {
    this.#isOver = true;
  }

  /** The client is gone, and nobody tells the session. */
  vanish(): void {
    this.#isOver = true;
    this.#line?.vanish();
  }

  #dial(): void {
    const { agenda, network } = this.#host.platform;
    this.#host.handle((object) => (object as { fetch(request: Request): unknown }).fetch(upgrade), {
      ended: (outcome) => {
        if ("error" in outcome) return this.#failed();
        const { webSocket } = outcome.value as { readonly webSocket: Line };
        const opened = () => agenda.after(network.delayMs(), () => this.#opened(webSocket));
        this.#host.life?.emit(webSocket, opened, () => this.#failed());
      },
      broken: () => this.#failed(),
    });
  }

  #failed(): void {
    const { agenda, network } = this.#host.platform;
    agenda.after(network.delayMs(), () => this.#end(false));
  }

  #opened(line: Line): void {
    if (this.#isOver) return line.closeUp();
    this.#line = line;
    line.events = {
      frame: (bytes) => this.#parser.parse(Buffer.from(bytes)),
      lost: (bytes) => this.#lost(bytes),
      closed: (code, cause) => this.#end(code === normalClosure && this.#isLastFrame(cause)),
    };
    if (line.isBroken) return this.#end(false);
    const { clientId, protocolVersion } = this.#connect;
    const options = protocolVersion === undefined ? {} : { protocolVersion };
    line.sendUp(encodeHello({ clientId, clientIdWasAssigned: false }, generate(this.#connect, options)));
  }

  /** Frames are whole packets. */
  #lost(bytes: Uint8Array): void {
    const { protocolVersion } = this.#connect;
    const reader = parser(protocolVersion === undefined ? {} : { protocolVersion });
    reader.on("packet", (packet) => this.#events.unheard(packet));
    reader.parse(Buffer.from(bytes));
  }

  #isLastFrame(cause: Cause | undefined): boolean {
    return cause !== undefined && cause.line === this.#line && cause.frame === this.#lastFrame;
  }

  #end(answered: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.ended(answered);
  }
}
