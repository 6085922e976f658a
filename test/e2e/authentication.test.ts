// Enhanced authentication over a real WebSocket: the exchange before CONNACK, what ends it, and authentication anew on a
// living connection.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { IAuthPacket, Packet } from "mqtt-packet";
import { beforeAll, describe, expect, test } from "vitest";
import { isOurs } from "../support/broker.ts";
import { TestClient, uniqueName } from "../support/client.ts";
import { within } from "../support/eventually.ts";
import { connectPacket, RawClient, type RawConnect } from "../support/raw-client.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { refusal } from "../support/refusal.ts";
import { ScramClient, type ScramOptions, scramEntry } from "../support/scram-client.ts";
import { useBroker } from "../support/use-broker.ts";

const method = "SCRAM-SHA-256";
const connectTimeoutSeconds = 2;

const broker = useBroker({
  env: {
    SCRAM_USERS: `${scramEntry("user", "pencil")}\n${scramEntry("other", "paper")}`,
    CONNECT_TIMEOUT_SECONDS: String(connectTimeoutSeconds),
  },
});

function auth(reasonCode: number, data?: Buffer, authenticationMethod = method): IAuthPacket {
  const properties = data === undefined ? { authenticationMethod } : { authenticationMethod, authenticationData: data };
  return { cmd: "auth", reasonCode, properties };
}

function proposing(data: Buffer | undefined, options: RawConnect = {}): Packet {
  const { version: _version, protocols: _protocols, ...rest } = options;
  const proposal = data === undefined ? {} : { authenticationData: data };
  const properties = { ...rest.properties, authenticationMethod: method, ...proposal };
  return connectPacket(5, { ...rest, properties });
}

function dataOf(packet: IAuthPacket): Buffer {
  expect(packet.properties?.authenticationMethod).toBe(method);
  return packet.properties?.authenticationData ?? Buffer.alloc(0);
}

async function open(): Promise<RawClient> {
  return new RawClient(await RawSocket.open(broker().url), 5);
}

/** A client that has been challenged, and its proof. */
async function challenged(scram: ScramClient, options?: RawConnect): Promise<{ client: RawClient; proof: Buffer }> {
  const client = await open();
  client.send(proposing(scram.first(), options));
  const challenge = await client.expectPacket("auth");
  expect(challenge.reasonCode).toBe(0x18);
  return { client, proof: scram.final(dataOf(challenge)) };
}

async function authenticated(options?: RawConnect, username = "user", password = "pencil"): Promise<RawClient> {
  const { client, proof } = await challenged(new ScramClient(username, password), options);
  client.send(auth(0x18, proof));
  expect((await client.expectPacket("connack")).reasonCode).toBe(0);
  return client;
}

/** What a program prints, with the packages of this repository. */
async function said(program: string, variables: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, ["--input-type=module"], {
    cwd: join(import.meta.dirname, "../.."),
    env: { ...process.env, ...variables },
  });
  let output = "";
  child.stdout.on("data", (piece: Buffer) => (output += piece));
  child.stderr.on("data", (piece: Buffer) => (output += piece));
  const ended = once(child, "close");
  child.stdin.end(program);
  await within("the program ends", ended, 20_000).finally(() => child.kill());
  return output;
}

describe.runIf(isOurs)("before CONNACK", () => {
  test("[MQTT-4.12.0-2] [MQTT-4.12.0-5] challenge, proof, and CONNACK with the server's own proof", async () => {
    const before = await broker().counter("durablemq_authentications_total");
    const scram = new ScramClient("user", "pencil");
    const { client, proof } = await challenged(scram);
    client.send(auth(0x18, proof));
    const connack = await client.expectPacket("connack");
    expect(connack).toMatchObject({ reasonCode: 0, properties: { authenticationMethod: method } });
    expect(scram.accepts(connack.properties?.authenticationData)).toBe(true);
    expect(await client.pending()).toEqual([]);
    expect(await broker().counter("durablemq_authentications_total")).toBe(before + 1);
  });

  test("a client id is assigned, and the session is resumed, as without authentication", async () => {
    const { client, proof } = await challenged(new ScramClient("user", "pencil"), {
      clientId: "",
      properties: { sessionExpiryInterval: 60 },
    });
    client.send(auth(0x18, proof));
    const { properties } = await client.expectPacket("connack");
    const clientId = properties?.assignedClientIdentifier ?? "";
    expect(clientId).not.toBe("");
    client.socket.cut();
    const again = await challenged(new ScramClient("user", "pencil"), { clientId, clean: false });
    again.client.send(auth(0x18, again.proof));
    expect(await again.client.expectPacket("connack")).toMatchObject({ reasonCode: 0, sessionPresent: true });
  });

  test("an exchange may come in pieces of any size", async () => {
    const client = await open();
    const scram = new ScramClient("user", "pencil");
    client.socket.sendInPieces(client.encode(proposing(scram.first())), 3);
    const challenge = await client.expectPacket("auth");
    client.socket.sendInPieces(client.encode(auth(0x18, scram.final(dataOf(challenge)))), 3);
    expect((await client.expectPacket("connack")).reasonCode).toBe(0);
  });

  test("MQTT.js authenticates", async () => {
    const scram = new ScramClient("other", "paper");
    const properties = { authenticationMethod: method, authenticationData: scram.first() };
    const client = await TestClient.connect(broker().url, {
      version: 5,
      properties,
      handleAuth: (packet) => auth(0x18, scram.final(dataOf(packet))),
    });
    expect(scram.accepts(client.connack.properties?.authenticationData)).toBe(true);
    const topic = uniqueName("auth/mqttjs");
    await client.subscribe(topic, 1);
    await client.publish(topic, "hello");
    expect(await client.takePayloads(1)).toEqual(["hello"]);
    await client.end();
  });

  test("so does the client of docs/authentication.md, and learns that the broker is genuine", async () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/authentication.md"), "utf8");
    const [, program = ""] = /^```js\n([\s\S]*?)^```/m.exec(page) ?? [];
    const run = (password: string) => said(program, { URL: broker().url, NAME: "user", PASSWORD: password });
    expect(await run("pencil")).toBe("connected as user\n");
    expect(await run("pen")).toBe("Connection refused: Not authorized\n");
  });

  interface Failure {
    readonly title: string;
    readonly username?: string;
    readonly password?: string;
    readonly options?: ScramOptions;
    /** The proof that is sent instead of the right one. */
    readonly bent?: (proof: Buffer) => Buffer | undefined;
  }

  const flip = (proof: Buffer): Buffer => {
    const [, withoutProof = "", encoded = ""] = /^(.*,p=)(.*)$/.exec(proof.toString()) ?? [];
    const bytes = Buffer.from(encoded, "base64");
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    return Buffer.from(withoutProof + bytes.toString("base64"));
  };

  let earlierProof: Buffer;
  beforeAll(async () => {
    const { client, proof } = await challenged(new ScramClient("user", "pencil", { nonce: "same" }));
    earlierProof = proof;
    client.socket.cut();
  });

  test.each<Failure>([
    { title: "a wrong password", password: "pen" },
    { title: "a user that nobody is", username: "nobody" },
    { title: "a proof with one bit flipped", bent: flip },
    { title: "the proof of an earlier exchange", options: { nonce: "same" }, bent: () => earlierProof },
    { title: "a channel binding that is not the first message's", options: { claimedHeader: "y,," } },
    { title: "a proof that is no message", bent: () => Buffer.from("proof") },
    { title: "an AUTH without a proof", bent: () => undefined },
  ])("[MQTT-4.12.0-4] [MQTT-3.1.4-2] [MQTT-3.2.2-6] [MQTT-3.2.2-7] $title ends in CONNACK 0x87", async (failure) => {
    const { username = "user", password = "pencil", options, bent = (proof) => proof } = failure;
    const before = await broker().counter("durablemq_connections_opened_total");
    const { client, proof } = await challenged(new ScramClient(username, password, options));
    client.send(auth(0x18, bent(proof)));
    // Not a byte says why.
    expect(await client.expectPacket("connack")).toMatchObject({ reasonCode: 0x87, sessionPresent: false, length: 3 });
    expect(await refusal(client.socket, 5, 2)).toBe("closed");
    // The session was not reached, and does not know that somebody asked.
    expect(await broker().counter("durablemq_connections_opened_total")).toBe(before);
  });

  test.each<{ title: string; options?: ScramOptions; data?: Buffer }>([
    { title: "a first message that asks to bind to a channel", options: { gs2Header: "p=tls-exporter,," } },
    { title: "a first message in somebody else's name", options: { gs2Header: "n,a=other," } },
    { title: "a mandatory extension", options: { gs2Header: "n,,m=must," } },
    { title: "no message at all" },
  ])("[MQTT-4.12.0-4] $title ends in CONNACK 0x87 without a challenge", async ({ title, options }) => {
    const client = await open();
    client.send(proposing(options === undefined ? undefined : new ScramClient("user", "pencil", options).first()));
    expect([title, await refusal(client.socket, 5, 0)]).toEqual([title, "CONNACK 0x87"]);
  });

  test("somebody who exists, and somebody who does not, are asked and refused in the same words", async () => {
    const answers: string[][] = [];
    for (const username of ["user", "nobody"]) {
      const { client, proof } = await challenged(new ScramClient(username, "wrong", { nonce: "same" }));
      client.send(auth(0x18, proof));
      await client.expectClose();
      const [challenge, connack] = client.socket.packets.map(({ firstByte, body }) => [
        firstByte,
        body.toString("latin1"),
      ]);
      const [, shape = ""] = /(r=.*)$/s.exec(String(challenge?.[1])) ?? [];
      answers.push([shape.replace(/^r=same[^,]{24},s=[A-Za-z0-9+/]{22}==,/, ""), String(connack)]);
    }
    expect(answers[0]?.[0]).toBe("i=4096");
    expect(answers[1]).toEqual(answers[0]);
  });

  test("[MQTT-4.12.0-1] the method of another hash is refused with 0x8C", async () => {
    const client = await open();
    const properties = { authenticationMethod: "SCRAM-SHA-1", authenticationData: Buffer.from("n,,n=user,r=x") };
    client.send(connectPacket(5, { properties }));
    expect(await refusal(client.socket, 5, 0)).toBe("CONNACK 0x8c");
  });

  const publish: Packet = { cmd: "publish", topic: "auth/early", payload: "x", qos: 0, dup: false, retain: false };
  const subscribe: Packet = { cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "auth/early", qos: 0 }] };

  const misplaced: readonly [
    id: string,
    what: string,
    send: (client: RawClient, proof: Buffer) => Buffer,
    code?: string,
  ][] = [
    ["MQTT-3.1.2-30", "PUBLISH", (client) => client.encode(publish)],
    ["MQTT-3.1.2-30", "SUBSCRIBE", (client) => client.encode(subscribe)],
    ["MQTT-3.1.2-30", "PINGREQ", (client) => client.encode({ cmd: "pingreq" })],
    ["MQTT-3.1.0-2", "a second CONNECT", (client) => client.encode(connectPacket(5))],
    ["MQTT-4.12.0-3", "AUTH that asks to authenticate anew", (client, proof) => client.encode(auth(0x19, proof))],
    ["MQTT-4.12.0-3", "AUTH that says success", (client, proof) => client.encode(auth(0x00, proof))],
    ["MQTT-4.12.0-3", "AUTH of length 0, which says success too", () => Buffer.of(0xf0, 0)],
    ["MQTT-3.15.2-1", "AUTH with a reason that it cannot have", (client, proof) => client.encode(auth(0x87, proof))],
    ["MQTT-4.12.0-5", "AUTH with another method", (client, proof) => client.encode(auth(0x18, proof, "SCRAM-SHA-1"))],
    [
      "MQTT-3.15.1-1",
      "AUTH with flags",
      (client, proof) => withFlags(client.encode(auth(0x18, proof))),
      "CONNACK 0x81",
    ],
  ];

  function withFlags(packet: Buffer): Buffer {
    packet[0] = 0xf1;
    return packet;
  }

  test.each(misplaced)(
    "[%s] %s instead of the proof ends the exchange",
    async (_id, _what, send, code = "CONNACK 0x82") => {
      const { client, proof } = await challenged(new ScramClient("user", "pencil"));
      // The right proof comes too late.
      client.socket.sendBytes(Buffer.concat([send(client, proof), client.encode(auth(0x18, proof))]));
      expect(await refusal(client.socket, 5, 1)).toBe(code);
    },
  );

  test("[MQTT-3.1.2-30] nothing may follow the proof either before CONNACK has come, but DISCONNECT", async () => {
    const early = await challenged(new ScramClient("user", "pencil"));
    const proof = early.client.encode(auth(0x18, early.proof));
    early.client.socket.sendBytes(Buffer.concat([proof, early.client.encode(publish)]));
    expect(await refusal(early.client.socket, 5, 1)).toBe("CONNACK 0x82");

    const twice = await challenged(new ScramClient("user", "pencil"));
    const again = twice.client.encode(auth(0x18, twice.proof));
    twice.client.socket.sendBytes(Buffer.concat([again, again]));
    expect(await refusal(twice.client.socket, 5, 1)).toBe("CONNACK 0x82");

    const brief = await challenged(new ScramClient("user", "pencil"));
    const parting = brief.client.encode({ cmd: "disconnect", reasonCode: 0 });
    brief.client.socket.sendBytes(Buffer.concat([brief.client.encode(auth(0x18, brief.proof)), parting]));
    expect(await refusal(brief.client.socket, 5, 1)).toBe("CONNACK 0x00");
  });

  test("[MQTT-3.1.2-30] what comes together with CONNECT is too early", async () => {
    const client = await open();
    const connect = client.encode(proposing(new ScramClient("user", "pencil").first()));
    client.socket.sendBytes(Buffer.concat([connect, client.encode(publish)]));
    expect(await refusal(client.socket, 5, 0)).toBe("CONNACK 0x82");
  });

  test("DISCONNECT ends the exchange, and is nobody's mistake", async () => {
    const before = await broker().counter("durablemq_refusals_total");
    const { client } = await challenged(new ScramClient("user", "pencil"));
    client.send({ cmd: "disconnect", reasonCode: 0 });
    expect(await refusal(client.socket, 5, 1)).toBe("closed");
    expect(await broker().counter("durablemq_refusals_total")).toBe(before);
  });

  test("[MQTT-4.12.0-4] an exchange that stalls ends with the time for CONNECT", async () => {
    const { client } = await challenged(new ScramClient("user", "pencil"));
    expect(await refusal(client.socket, 5, 1, connectTimeoutSeconds * 2_000)).toBe("CONNACK 0x87");
  });

  test("[MQTT-3.1.2-24] a client that takes too small packets for an exchange is told so", async () => {
    const client = await open();
    client.send(proposing(new ScramClient("user", "pencil").first(), { properties: { maximumPacketSize: 255 } }));
    expect(await refusal(client.socket, 5, 0)).toBe("CONNACK 0x95");
    const longest = new ScramClient("user", "pencil", { nonce: "n".repeat(128) });
    await expect(challenged(longest, { properties: { maximumPacketSize: 256 } })).resolves.toBeDefined();
  });

  test("AUTH instead of CONNECT, and AUTH from a 3.x client, close the connection without a word", async () => {
    const first = await open();
    first.send(auth(0x18, Buffer.from("x")));
    expect(await refusal(first.socket, 5, 0)).toBe("closed");
    for (const version of [3, 4] as const) {
      const { client } = await RawClient.connect(broker().url, { version });
      client.socket.sendBytes(Buffer.of(0xf0, 0));
      expect(await refusal(client.socket, version, 1)).toBe("closed");
    }
  });
});

describe.runIf(isOurs)("authentication anew", () => {
  test("[MQTT-4.12.0-5] ends with AUTH 0x00 and the server's proof; everything else goes on meanwhile", async () => {
    const before = await broker().counter("durablemq_authentications_total");
    const client = await authenticated();
    const topic = uniqueName("auth/again");
    await client.subscribe(topic, 1);
    for (let round = 1; round <= 2; round++) {
      const scram = new ScramClient("user", "pencil");
      client.send(auth(0x19, scram.first()));
      const challenge = await client.expectPacket("auth");
      expect(challenge.reasonCode).toBe(0x18);
      client.send({ cmd: "publish", topic, payload: `${round}`, qos: 1, messageId: round, dup: false, retain: false });
      const arrived = [await client.nextPacket(), await client.nextPacket()];
      expect(arrived.map(({ cmd }) => cmd).toSorted()).toEqual(["puback", "publish"]);
      client.send({ cmd: "pingreq" });
      await client.expectPacket("pingresp");
      client.send(auth(0x18, scram.final(dataOf(challenge))));
      const done = await client.expectPacket("auth");
      expect(done.reasonCode ?? 0).toBe(0x00);
      expect(scram.accepts(dataOf(done))).toBe(true);
    }
    expect(await client.pending()).toEqual([]);
    expect(await broker().counter("durablemq_authentications_total")).toBe(before + 3);
  });

  test("[MQTT-4.12.1-2] that fails ends in DISCONNECT 0x87, and the will is published", async () => {
    const topic = uniqueName("auth/will");
    const { client: watcher } = await RawClient.connect(broker().url, { version: 5 });
    await watcher.subscribe(topic, 0);
    const client = await authenticated({ will: { topic, payload: Buffer.from("gone"), qos: 0, retain: false } });
    const scram = new ScramClient("user", "pen");
    client.send(auth(0x19, scram.first()));
    const challenge = await client.expectPacket("auth");
    client.send(auth(0x18, scram.final(dataOf(challenge))));
    expect(await refusal(client.socket, 5, 3)).toBe("DISCONNECT 0x87");
    expect((await watcher.expectPacket("publish")).payload.toString()).toBe("gone");
  });

  const first = (username = "user") => new ScramClient(username, "pencil").first();

  test.each<[ids: string, what: string, packet: Packet | Buffer, said: string]>([
    ["[MQTT-4.12.1-1]", "another method than CONNECT's", auth(0x19, first(), "SCRAM-SHA-1"), "DISCONNECT 0x82"],
    ["[MQTT-4.12.1-2]", "another user, although that one exists", auth(0x19, first("other")), "DISCONNECT 0x87"],
    ["[MQTT-4.12.1-2]", "a user that nobody is", auth(0x19, first("nobody")), "DISCONNECT 0x87"],
    ["[MQTT-4.12.1-2]", "no message", auth(0x19), "DISCONNECT 0x87"],
    ["[MQTT-4.12.0-3]", "an answer to nothing", auth(0x18, first()), "DISCONNECT 0x82"],
    ["[MQTT-4.12.0-3]", "success", auth(0x00, first()), "DISCONNECT 0x82"],
    ["[MQTT-4.12.0-3]", "an AUTH of length 0, which says success", Buffer.of(0xf0, 0), "DISCONNECT 0x82"],
    ["[MQTT-3.15.1-1]", "an AUTH with flags", Buffer.of(0xf2, 0), "DISCONNECT 0x81"],
  ])("%s with %s ends the connection", async (_ids, _what, packet, said) => {
    const client = await authenticated();
    client.socket.sendBytes("cmd" in packet ? client.encode(packet) : packet);
    expect(await refusal(client.socket, 5, 2)).toBe(said);
  });

  test("[MQTT-4.12.0-3] a second beginning before the first has ended is a protocol error", async () => {
    const client = await authenticated();
    client.send(auth(0x19, first()));
    await client.expectPacket("auth");
    client.send(auth(0x19, first()));
    expect(await refusal(client.socket, 5, 3)).toBe("DISCONNECT 0x82");
  });

  test("[MQTT-4.12.0-7] is not for a connection that began without", async () => {
    const { client } = await RawClient.connect(broker().url, { version: 5 });
    client.send(auth(0x19, first()));
    expect(await refusal(client.socket, 5, 1)).toBe("DISCONNECT 0x82");
  });
});
