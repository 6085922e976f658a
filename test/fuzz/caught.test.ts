// That the fuzzer notices: brokers with a fault put in on purpose, each seen by the check that is there for it.

import { expect, test } from "vitest";
import type { Decoder } from "../../src/codec/decode.ts";
import type { ProtocolFailure } from "../../src/protocol/failure.ts";
import type { ClientPacket, Connect } from "../../src/protocol/packet.ts";
import { ReasonCode } from "../../src/protocol/reason.ts";
import type { DeliveryPart, PartAnswer } from "../../src/session/deliver.ts";
import { Complaints } from "../support/complaints.ts";
import { CoreBroker, type CoreSession } from "../support/core-broker.ts";
import type { CoreSocket } from "../support/core-socket.ts";
import { problemAtRest } from "../support/session-at-rest.ts";
import { fuzz } from "./fuzz.ts";
import { fuzzSettings } from "./settings.ts";

type Arrived = readonly (ClientPacket | ProtocolFailure)[];

/** A flag brings its decoder down. */
class Fragile extends CoreBroker {
  override decoder(connect: Connect): Decoder {
    const decoder = super.decoder(connect);
    const decode = decoder.decode.bind(decoder);
    decoder.decode = (frame, start, end) => {
      if (frame[start] === 0x3f) throw new Error("QoS 3 with every flag");
      return decode(frame, start, end);
    };
    return decoder;
  }
}

/** Whoever makes a mistake is never spoken to again, and never closed. */
class Silent extends CoreBroker {
  readonly #ignored = new Set<CoreSocket | undefined>();

  override take(session: CoreSession, packets: Arrived): void {
    if (packets.some(({ type }) => type === "failure")) this.#ignored.add(session.socket);
    if (!this.#ignored.has(session.socket)) super.take(session, packets);
  }
}

/** Closes with a reason that is none. */
class Babbling extends CoreBroker {
  override take(session: CoreSession, packets: Arrived): void {
    super.take(
      session,
      packets.map((packet) => (packet.type === "failure" ? { ...packet, reason: ReasonCode.success } : packet)),
    );
  }
}

/** Whoever has made a mistake is closed at once when it comes again. */
class Resentful extends CoreBroker {
  readonly #banned = new Set<string>();

  override take(session: CoreSession, packets: Arrived): void {
    if (packets.some(({ type }) => type === "failure")) this.#banned.add(session.rig.name);
    super.take(session, packets);
  }

  override connect(socket: CoreSocket, connect: Connect): CoreSession {
    const session = super.connect(socket, connect);
    if (this.#banned.has(connect.clientId)) socket.end();
    return session;
  }
}

/** Now and then delivers what it has delivered before. */
class Repeating extends CoreBroker {
  #deliveries = 0;

  override deliver(target: string, shard: number, part: DeliveryPart): PartAnswer {
    const answer = super.deliver(target, shard, part);
    this.#deliveries++;
    if (this.#deliveries % 50 === 0) super.deliver(target, shard, { ...part, publisherGeneration: 0 });
    return answer;
  }
}

/** A client's mistake ends the connections of those who make none. */
class Panicking extends CoreBroker {
  override take(session: CoreSession, packets: Arrived): void {
    super.take(session, packets);
    if (!packets.some(({ type }) => type === "failure")) return;
    for (const { rig, socket } of this.sessions) {
      if (rig.name.startsWith("fuzz")) continue;
      rig.step({ type: "closed" });
      socket?.end();
    }
  }
}

/** Counts wrongly what is on its way. */
class Forgetful extends CoreBroker {
  override take(session: CoreSession, packets: Arrived): void {
    super.take(session, packets);
    if (packets.length > 1) session.rig.session.routingBytes++;
  }
}

test.each([
  { fault: "a decoder that throws", broker: Fragile, seen: "QoS 3 with every flag" },
  {
    fault: "a connection that is neither closed nor answered",
    broker: Silent,
    seen: "the connection ends or is answered",
  },
  { fault: "a reason that is none", broker: Babbling, seen: "DISCONNECT 0 is no reason" },
  {
    fault: "a client id that cannot connect any more",
    broker: Resentful,
    seen: "closed, although all was in order",
  },
  { fault: "a neighbour's message twice", broker: Repeating, seen: "publish @/" },
  { fault: "a neighbour's connection closed", broker: Panicking, seen: "closed the connection" },
  {
    fault: "a session that is not what it should be at rest",
    broker: Forgetful,
    seen: "bytes are on their way to nobody",
  },
])("$fault is noticed", async ({ broker, seen }) => {
  const inspect = ({ session }: CoreSocket) => {
    const problem = session === undefined ? undefined : problemAtRest(session.rig);
    if (problem !== undefined) throw new Error(problem);
  };
  const run = fuzz(new broker({ env: fuzzSettings }), { seed: 7, packets: 10_000, clients: 4, inspect });
  await expect(run).rejects.toThrow(seen);
});

test("a failure names its seed, and shows what was sent", async () => {
  const run = fuzz(new Fragile({ env: fuzzSettings }), { seed: 7, packets: 10_000, clients: 4 });
  await expect(run).rejects.toThrow(/seed \d+: \{"version":[345],"connectBytes":\d+,"frames":\["10/);
});

test("what the broker prints is searched for what must not be in it, and clients' words are not taken for it", () => {
  const complaints = new Complaints();
  const lines = [
    '{"event":"refusal","reason":"Malformed packet","count":1,"who":"fuzz-1","detail":"topic Uncaught Error"}',
    '{"event":"not-carried-out","session":"c:fuzz-1","error":"RangeError: too large"}',
    "DurableMQ is ready: ws://127.0.0.1:8787/mqtt",
    "Uncaught (in promise) TypeError: undefined is not a function",
  ];
  const printed = `${lines.join("\n")}\n`;
  for (let at = 0; at < printed.length; at += 50) complaints.take(printed.slice(at, at + 50));
  expect(complaints.lines).toEqual([lines[1], lines[3]]);
});
