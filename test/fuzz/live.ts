// Lives a life at a broker, and holds the broker to what it owes any client: it accepts what is in order, it says nothing
// that is not a packet, the connection ends or goes on answering, and whoever is closed in 5.0 is told why.

import { generate, type Packet, parser } from "mqtt-packet";
import { ReasonCode } from "../../src/protocol/reason.ts";
import { wholePacket } from "../support/raw-client.ts";
import { inWords } from "../support/refusal.ts";
import type { ClientSocket, RawPacket, Venue } from "../support/venue.ts";
import type { Frame, Life } from "./life.ts";
import { boundaries } from "./shape.ts";

/** What is missing of a packet up to here is made good, so that it is not waited for. Any longer one is refused. */
const fillerBytesMax = 2 * 1024 * 1024;
const lastId = 65_533;

export interface Lived {
  /** As far as the broker took it. */
  readonly life: Life;
  /** Packets that were not in order and that it took. */
  readonly mutated: number;
  /** What the client was told at the end, if it was told something. */
  readonly refusal: string | undefined;
}

/** `inspect` is called whenever something was sent. */
export async function live<Socket extends ClientSocket>(
  venue: Venue<Socket>,
  life: Life,
  inspect: (socket: Socket) => void = () => {},
): Promise<Lived> {
  const taken: Frame[] = [];
  const lived = { ...life, frames: taken };
  const socket = await venue.openSocket();
  try {
    await liveOn(socket, life, taken, () => inspect(socket));
  } catch (problem) {
    throw new Error(`${problem instanceof Error ? problem.message : problem}\n${asRow(lived, taken)}`, {
      cause: problem,
    });
  }
  return { life: lived, mutated: taken.filter((frame) => frame.mutated).length, refusal: refusalIn(socket) };
}

async function liveOn(socket: ClientSocket, life: Life, taken: Frame[], inspect: () => void): Promise<void> {
  const sent: Uint8Array[] = [];
  /** Of its CONNECT, which it waits to be answered. */
  let bytesLeft = life.waits ? life.connectBytes : 0;
  for (const frame of life.frames) {
    if (socket.isClosed) break;
    taken.push(frame);
    const { data } = frame;
    if (typeof data === "string") {
      socket.sendText(data);
    } else {
      socket.sendBytes(data);
      sent.push(data);
      bytesLeft -= data.length;
      // Exactly: what follows it comes in frames of its own.
      if (bytesLeft === 0) await socket.until("CONNACK", () => socket.packets.length > 0 || socket.isClosed);
    }
    inspect();
  }
  const stream = Buffer.concat(sent);
  if (!socket.isClosed) await answers(socket, life, stream);
  checkPackets(socket, life);
  if (socket.isClosed) checkFarewell(socket, stream, taken);
  else leave(socket, life);
  inspect();
}

/** Closed, or still there: PINGREQ is answered, and so is what the session has to answer itself. */
async function answers(socket: ClientSocket, { version }: Life, stream: Uint8Array): Promise<void> {
  const missing = boundaries(stream).end - stream.length;
  if (missing <= fillerBytesMax) socket.sendBytes(new Uint8Array(missing));
  const unsubscriptions = ["nothing/comes/here"];
  const last: Packet[] = [{ cmd: "unsubscribe", messageId: lastId, unsubscriptions }, { cmd: "pingreq" }];
  socket.sendBytes(Buffer.concat(last.map((packet) => generate(packet, { protocolVersion: version }))));
  const isUnsuback = ({ firstByte, body }: RawPacket) => firstByte === 0xb0 && body.readUInt16BE(0) === lastId;
  const isPingresp = ({ firstByte }: RawPacket) => firstByte === 0xd0;
  await socket.until(
    "the connection ends or is answered",
    () => socket.isClosed || (socket.packets.some(isUnsuback) && socket.packets.some(isPingresp)),
    answerWithinMs,
  );
}

const answerWithinMs = 30_000;

function checkPackets(socket: ClientSocket, { connectBytes, waits }: Life): void {
  // A mistake right behind CONNECT may be seen before the session has answered.
  const isAccepted = connectBytes > 0 && (waits || !socket.isClosed);
  const [first] = socket.packets;
  if (first === undefined) {
    if (isAccepted) throw new Error("a CONNECT that is in order was not answered");
    return;
  }
  if (first.firstByte !== 0x20) throw new Error(`the first packet is ${first.firstByte}, not CONNACK`);
  const code = first.body[1] ?? -1;
  if (isAccepted && code !== 0) throw new Error(`a CONNECT that is in order was refused with ${code}`);
  const packets = parser({ protocolVersion: isFive(first) ? 5 : 4 });
  const seen: string[] = [];
  packets.on("packet", ({ cmd }) => seen.push(cmd));
  packets.on("error", (error) => {
    throw error;
  });
  for (const { firstByte, body } of socket.packets) packets.parse(wholePacket(firstByte, body));
  const wrong = seen.filter((cmd, index) => !(index === 0 ? "connack" : serverPackets).includes(cmd));
  if (wrong.length > 0) throw new Error(`the broker sent ${wrong.join()}`);
}

const serverPackets = [
  "publish",
  "puback",
  "pubrec",
  "pubrel",
  "pubcomp",
  "suback",
  "unsuback",
  "pingresp",
  "disconnect",
];
const failures = new Set<number>(Object.values(ReasonCode).filter((code) => code >= 0x80));
/** Return codes of 3.x. */
const refusals = new Set([1, 2, 3, 4, 5]);
const disconnectType = 14;

/** [MQTT-4.13.1-1] [MQTT-3.14.4-1] */
function checkFarewell(socket: ClientSocket, stream: Uint8Array, taken: readonly Frame[]): void {
  const mayHaveLeft = boundaries(stream).starts.some((start) => (stream[start] ?? 0) >> 4 === disconnectType);
  if (!mayHaveLeft && !taken.some(({ mutated }) => mutated)) throw new Error("closed, although all was in order");
  const [first] = socket.packets;
  const last = socket.packets.at(-1);
  if (first === undefined || last === undefined) return;
  const code = first.body[1] ?? -1;
  if (code !== 0) {
    if (!(isFive(first) ? failures : refusals).has(code)) throw new Error(`CONNACK ${code} is no refusal`);
    if (socket.packets.length > 1) throw new Error("something follows a CONNACK that refuses");
    return;
  }
  const isDisconnect = last.firstByte === 0xe0;
  if (!isFive(first)) {
    if (isDisconnect) throw new Error("DISCONNECT from a broker, before 5.0");
    return;
  }
  if (!isDisconnect && !mayHaveLeft) throw new Error("closed without a word, in 5.0");
  if (isDisconnect && !failures.has(last.body[0] ?? 0)) throw new Error(`DISCONNECT ${last.body[0]} is no reason`);
}

function refusalIn({ packets }: ClientSocket): string | undefined {
  const [first] = packets;
  const last = packets.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const refuses = last.firstByte === 0xe0 || (last === first && last.body[1] !== 0);
  return refuses ? inWords(last, isFive(first) ? 5 : 4) : undefined;
}

/** CONNACK has properties since 5.0. */
function isFive({ body }: RawPacket): boolean {
  return body.length > 2;
}

function leave(socket: ClientSocket, { version, leaves }: Life): void {
  if (leaves === "disconnect") socket.sendBytes(generate({ cmd: "disconnect" }, { protocolVersion: version }));
  else socket.cut();
}

/** A row for test/fuzz/found.ts. */
function asRow({ seed, version, connectBytes }: Life, frames: readonly Frame[]): string {
  const shown = frames.map(({ data }) =>
    typeof data === "string" ? `text ${data}` : Buffer.from(data).toString("hex"),
  );
  return `seed ${seed}: ${JSON.stringify({ version, connectBytes, frames: shown })}`;
}
