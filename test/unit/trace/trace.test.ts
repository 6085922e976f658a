import { describe, expect, test } from "vitest";
import type { Connect, Publish } from "../../../src/protocol/packet.ts";
import { ReasonCode } from "../../../src/protocol/reason.ts";
import { TraceBacklog, togetherMax, waitingMax } from "../../../src/trace/backlog.ts";
import { namedMax, payloadBytesMax, type TraceEvent, textCharactersMax } from "../../../src/trace/event.ts";
import { live, marksMax, withMarks, withoutMark } from "../../../src/trace/mark.ts";
import { shownConnect, shownPacket, shownPayload } from "../../../src/trace/packets.ts";

const event: TraceEvent = { atMs: 1, at: "edge", what: "ping" };
const mark = (id: string, untilMs = 10) => ({ id, untilMs, payload: false });
const nothing = new Uint8Array(0);
const noAlias = () => undefined;

describe("events that wait", () => {
  test("leave in their order, so many together", () => {
    const backlog = new TraceBacklog();
    for (let index = 0; index < togetherMax + 1; index++) backlog.add({ ...event, atMs: index });
    expect(backlog.take().events.map(({ atMs }) => atMs)).toEqual(Array.from({ length: togetherMax }, (_, at) => at));
    expect(backlog.take().events.map(({ atMs }) => atMs)).toEqual([togetherMax]);
    expect(backlog.isEmpty).toBe(true);
  });

  test("that are large leave fewer together: one row has to hold them", () => {
    const backlog = new TraceBacklog();
    const long = "\u{1f600}".repeat(textCharactersMax / 2);
    const filters = Array.from({ length: namedMax }, () => long);
    for (let index = 0; index < togetherMax; index++) backlog.add({ ...event, topic: long, filters });
    let taken = 0;
    while (!backlog.isEmpty) {
      const { events } = backlog.take();
      taken += events.length;
      expect(events.length).toBeGreaterThan(1);
      expect(Buffer.byteLength(JSON.stringify(events))).toBeLessThan(1_000_000);
    }
    expect(taken).toBe(togetherMax);
  });

  test("are no more than so many: what comes beyond is counted, and told once", () => {
    const backlog = new TraceBacklog();
    for (let index = 0; index < waitingMax; index++) expect(backlog.add(event)).toBe(true);
    for (let index = 0; index < 3; index++) expect(backlog.add(event)).toBe(false);
    expect(backlog.take().missed).toBe(3);
    expect(backlog.take().missed).toBe(0);
    backlog.lost(2);
    expect(backlog.take().missed).toBe(2);
  });
});

describe("marks", () => {
  test("are over at their time", () => {
    expect(live([mark("a", 5), mark("b", 6)], 5)).toEqual([mark("b", 6)]);
    expect(live(undefined, 5)).toEqual([]);
  });

  test("are there once each, the newest of them, and no more than so many", () => {
    expect(withMarks([mark("a", 7), mark("b")], [mark("a", 9)], 0)).toEqual([mark("b"), mark("a", 9)]);
    const many = Array.from({ length: marksMax + 2 }, (_, index) => mark(`${index}`));
    expect(withMarks(many, [mark("last")], 0).map(({ id }) => id)).toEqual(
      [...many.map(({ id }) => id), "last"].slice(-marksMax),
    );
    expect(withoutMark([mark("a"), mark("b")], "a")).toEqual([mark("b")]);
  });
});

describe("packets", () => {
  const publish: Publish = {
    type: "publish",
    qos: 1,
    retain: false,
    dup: true,
    packetId: 7,
    topic: "",
    topicBytes: nothing,
    topicAlias: 3,
    properties: nothing,
    payload: new Uint8Array(4),
    payloadIsIllFormed: false,
  };

  test("a PUBLISH with an alias shows the topic behind it", () => {
    expect(shownPacket(publish, (alias) => (alias === 3 ? "a/b" : undefined))).toEqual({
      packet: "PUBLISH",
      topic: "a/b",
      qos: 1,
      dup: true,
      packetId: 7,
      payloadBytes: 4,
      detail: "alias 3",
    });
  });

  test("long texts are cut, and long lists", () => {
    const { topic = "" } = shownPacket({ ...publish, topic: "x".repeat(60_000) }, noAlias);
    expect(topic).toHaveLength(textCharactersMax);
    const filters = Array.from({ length: 30 }, (_, index) => `f/${index}`);
    const shown = shownPacket({ type: "unsubscribe", packetId: 1, filters }, noAlias);
    expect([shown.filters?.length, shown.detail]).toEqual([10, "and 20 more"]);
  });

  test.each([
    [{ type: "suback", packetId: 1, reasons: [0, 1, 0x87] } as const, "Granted QoS 0, Granted QoS 1, Not authorized"],
    [{ type: "unsuback", packetId: 1, reasons: [0, 0x11] } as const, "Success, No subscription existed"],
    [{ type: "puback", packetId: 1, reason: ReasonCode.quotaExceeded } as const, "Quota exceeded"],
    [{ type: "disconnect", reason: ReasonCode.sessionTakenOver } as const, "Session taken over"],
  ])("%j: its reasons in words", (packet, reason) => {
    expect(shownPacket(packet, noAlias).reason).toBe(reason);
  });

  test("CONNECT shows that there is a password, and nothing of it, nor of the will's payload", () => {
    const secret = new TextEncoder().encode("not to be seen");
    const connect: Connect = {
      type: "connect",
      version: 5,
      clientId: "c",
      cleanStart: false,
      keepAliveSeconds: 30,
      username: "u",
      password: secret,
      will: {
        topic: "w",
        topicBytes: nothing,
        payload: secret,
        qos: 1,
        retain: false,
        delaySeconds: 0,
        properties: nothing,
      },
      sessionExpirySeconds: 0xffff_ffff,
      receiveMaximum: 1,
      maximumPacketBytes: 1,
      topicAliasMaximum: 0,
      requestResponseInformation: false,
      requestProblemInformation: true,
      userProperties: [["token", "not to be seen"]],
    };
    const shown = shownConnect(connect);
    expect(shown).toEqual({
      user: "u",
      detail:
        "MQTT 5.0, resumes a session, keep-alive 30 s, session expiry never, shows a password, will to w at QoS 1",
    });
  });
});

describe("payloads", () => {
  test.each([
    ["text", new TextEncoder().encode("grün"), { payload: "grün", encoding: "text" }],
    ["bytes", new Uint8Array([0xff, 0]), { payload: "/wA=", encoding: "base64" }],
    ["none", nothing, { payload: "", encoding: "text" }],
  ])("%s", (_, payload, shown) => {
    expect(shownPayload(payload)).toEqual(shown);
  });

  test("the beginning of a long one, cut between characters", () => {
    const { payload = "", encoding } = shownPayload(new TextEncoder().encode(`x${"ü".repeat(payloadBytesMax)}`));
    expect([payload, encoding]).toEqual([`x${"ü".repeat((payloadBytesMax - 2) / 2)}`, "text"]);
  });
});
