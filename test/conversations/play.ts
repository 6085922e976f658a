// Plays conversations: tables of lines that say who sends what to the broker and what has to come back. A line is
//
//   a > <packets>   client a sends; several packets in one frame with " & " between them
//   a > half <packet>  its first half alone
//   a < <packet>    the next packet for a is this one, and no other
//   a < close       the broker closes a's connection, and said nothing more
//   a < refused 0x81  in 5.0 DISCONNECT with this reason, then the close; in 3.x the close
//   a < silence     nothing has come for a
//   a cut           a's network fails
//
// Order holds within a shard: topics of one conversation whose messages or answers have to come in an order share their
// first two levels. A client connects under an id of its own unless the line says `id=`.
//
// At the end nothing may be left for anybody. `#x` in an expected packet stands for an identifier that the broker chose;
// the same letter is the same identifier from there on.

import { expect, test } from "vitest";
import { type Version, versionNames, versions } from "../support/broker.ts";
import { uniqueName } from "../support/client.ts";
import { RawClient } from "../support/raw-client.ts";
import type { ClientSocket, Venue } from "../support/venue.ts";
import { parseClientPacket, showServerPacket } from "./packets.ts";

export interface Conversation {
  /** Cites 5.0 and 3.1.1: each run shows those of its version. */
  readonly title: string;
  /** All versions unless given. */
  readonly in?: readonly Version[];
  readonly lines: readonly string[] | ((version: Version) => readonly string[]);
}

/** Each in every version that it applies to, or in the newest of these alone. */
export function conversations(
  venue: () => Venue,
  table: readonly Conversation[],
  inVersions: "all" | "newest" = "all",
): void {
  for (const { title, in: only = [3, 4, 5], lines } of table) {
    if (/MQTT-/.test(title) && !only.includes(5)) throw new Error(`not run in 5.0: ${title}`);
    if (/MQTT3-/.test(title) && !only.includes(4)) throw new Error(`not run in 3.1.1: ${title}`);
    const applicable = versions.filter((each) => only.includes(each));
    for (const version of inVersions === "all" ? applicable : applicable.slice(-1)) {
      test(`${citing(title, version)}, in ${versionNames[version]}`, async () => {
        const script = typeof lines === "function" ? lines(version) : lines;
        await play(venue(), version, script);
      });
    }
  }
}

function citing(title: string, version: Version): string {
  return title.replace(version === 5 ? /\[MQTT3-[^\]]+\] /g : /\[MQTT-[^\]]+\] /g, "");
}

export async function play(venue: Venue, version: Version, lines: readonly string[]): Promise<void> {
  const stage = new Stage(venue, version);
  await stage.play(lines);
  await stage.end();
}

type Client = RawClient<ClientSocket>;

/** Where a conversation goes on for as long as it is given lines. */
export class Stage {
  readonly #venue: Venue;
  readonly #version: Version;
  readonly #name = uniqueName("c");
  readonly #clients = new Map<string, Client>();
  readonly #identifiers = new Map<string, string>();

  constructor(venue: Venue, version: Version) {
    this.#venue = venue;
    this.#version = version;
  }

  async play(lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      try {
        await this.#line(line);
      } catch (problem) {
        throw new Error(`at "${line}": ${problem instanceof Error ? problem.message : problem}`, { cause: problem });
      }
    }
  }

  async #line(line: string): Promise<void> {
    const [, who = "", verb = "", text = ""] = /^(\w+) (>|<|cut) ?(.*)$/.exec(line) ?? [];
    if (verb === ">") return this.#send(who, text);
    if (verb === "cut") {
      this.#client(who).socket.cut();
      return void (await this.#client(who).socket.closed);
    }
    if (verb !== "<") throw new Error("not a line of a conversation");
    const [kind, rest] = text.split(/ (.*)/);
    if (kind === "close") return this.#expectClose(who);
    if (kind === "silence") return expect(await this.#client(who).pending()).toEqual([]);
    if (kind === "refused") {
      if (this.#version === 5) await this.#expect(who, `disconnect ${rest}`);
      return this.#expectClose(who);
    }
    return this.#expect(who, text);
  }

  /** Nobody is owed anything, and nobody got more than was expected. */
  async end(): Promise<void> {
    for (const [who, client] of this.#clients) {
      const left = client.socket.isClosed ? await rest(client) : await client.pending();
      expect(left.map((packet) => `${who} < ${this.#show(packet)}`)).toEqual([]);
    }
  }

  async #send(who: string, text: string): Promise<void> {
    const isFirst = /^(connect\b|open$)/.test(text);
    if (isFirst && (this.#clients.get(who)?.socket.isClosed ?? true)) {
      this.#clients.set(who, new RawClient(await this.#venue.openSocket(), this.#version));
    }
    if (text === "open") return;
    const client = this.#client(who);
    client.socket.sendBytes(Buffer.concat(text.split(" & ").map((packet) => this.#encode(client, who, packet))));
  }

  #encode(client: Client, who: string, text: string): Buffer {
    if (text.startsWith("raw ")) return Buffer.from(text.slice(4).replaceAll(" ", ""), "hex");
    if (text.startsWith("half ")) {
      const whole = this.#encode(client, who, text.slice(5));
      return whole.subarray(0, whole.length / 2);
    }
    const named = text.replace(/ #([a-z]+)\b/g, (_whole, letter: string) => ` #${this.#identifiers.get(letter)}`);
    const identified = / id=/.test(named) ? named : named.replace(/^connect\b/, `connect id=@${who}`);
    return client.encode(parseClientPacket(identified.replaceAll("@", this.#name), this.#version));
  }

  async #expect(who: string, text: string): Promise<void> {
    const client = this.#client(who);
    // 3.1 knows no session present flag; properties other than CONNACK's are part of what is shown.
    const [announced, wanted] = this.#version === 5 ? announcements(text) : [undefined, text.replace(/ \{.*$/, "")];
    const packet = await client.nextPacket();
    const shown = this.#show(packet);
    const expected = this.#version === 3 ? wanted.replace(/^(connack.*) present$/, "$1") : wanted;
    expect(shown).toBe(this.#resolve(expected, shown));
    if (announced === undefined || packet.cmd !== "connack") return;
    const found = packet.properties as Record<string, unknown> | undefined;
    // null: not announced.
    for (const [name, value] of Object.entries(announced)) expect([name, found?.[name] ?? null]).toEqual([name, value]);
  }

  /** Puts in the identifiers that are known, and learns the others from what came. */
  #resolve(expected: string, shown: string): string {
    return expected.replace(/ #([a-z]+)\b/g, (_whole, letter: string) => {
      const known = this.#identifiers.get(letter);
      if (known !== undefined) return ` #${known}`;
      const [, id] = / #([1-9]\d*)\b/.exec(shown) ?? [];
      if (id === undefined) throw new Error(`no identifier in: ${shown}`);
      const other = [...this.#identifiers].find(([, used]) => used === id);
      if (other !== undefined) throw new Error(`identifier ${id} is that of #${other[0]} already`);
      this.#identifiers.set(letter, id);
      return ` #${id}`;
    });
  }

  async #expectClose(who: string): Promise<void> {
    const client = this.#client(who);
    await client.expectClose();
    expect((await rest(client)).map((packet) => this.#show(packet))).toEqual([]);
  }

  #show(packet: Parameters<typeof showServerPacket>[0]): string {
    return showServerPacket(packet, this.#version).replaceAll(this.#name, "@");
  }

  #client(who: string): Client {
    const client = this.#clients.get(who);
    if (client === undefined) throw new Error(`${who} is not connected`);
    return client;
  }
}

function announcements(text: string): [Record<string, unknown> | undefined, string] {
  const [, head = "", properties] = /^(connack[^{]*) (\{.*\})$/.exec(text) ?? [];
  return properties === undefined ? [undefined, text] : [JSON.parse(properties) as Record<string, unknown>, head];
}

/** What a closed connection still holds. */
async function rest(client: Client): Promise<Parameters<typeof showServerPacket>[0][]> {
  const packets = [];
  for (;;) {
    const packet = await client.nextPacket().catch(() => undefined);
    if (packet === undefined) return packets;
    packets.push(packet);
  }
}
