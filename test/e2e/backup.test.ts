// A backup of a broker with everything in it, into an empty one: what is there then, and that clients go on there as if nothing had
// happened. Interrupted at each page, over kills, and with files that are none.

import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testAdminKey } from "../support/admin-key.ts";
import { isOurs, startBroker, type TestBroker } from "../support/broker.ts";
import { TestClient, uniqueName } from "../support/client.ts";
import { run, start } from "../support/command.ts";
import { eventually } from "../support/eventually.ts";
import { RawClient } from "../support/raw-client.ts";
import { useBroker } from "../support/use-broker.ts";
import { WebhookEndpoint } from "../support/webhook-endpoint.ts";

const settings = { env: { ADMIN_KEY: testAdminKey, TOPIC_SHARDS: "4", DIRECTORY_SHARDS: "2" } };
const source = useBroker(settings);
const target = useBroker(settings);
const folder = mkdtempSync(join(tmpdir(), "durablemq-backup-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function api(of: TestBroker, method: string, path: string, body?: unknown): Promise<string> {
  const isLines = typeof body === "string";
  const response = await fetch(new URL(`/api/v1${path}`, of.url.replace(/^ws/, "http")), {
    method,
    headers: {
      Authorization: `Bearer ${testAdminKey}`,
      ...(body === undefined ? {} : { "Content-Type": isLines ? "application/x-ndjson" : "application/json" }),
    },
    body: body === undefined ? null : isLines ? body : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text;
}

const valuesOf = (text: string) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

/** What a backup says, but for what every backup has of its own; long bodies by their digests. */
function contentOf(text: string): string[] {
  return valuesOf(text)
    .filter(({ kind }) => kind !== "backup" && kind !== "page")
    .map((line) =>
      JSON.stringify(line)
        .replaceAll(/"(changedAtMs|atMs)":\d+/g, '"$1":0')
        .replaceAll(/[A-Za-z0-9+/=]{200,}/g, (body) => createHash("sha256").update(body).digest("hex")),
    );
}

async function backupOf(of: TestBroker): Promise<string> {
  const file = join(folder, uniqueName("backup"));
  await run(["backup", file], { url: of.url });
  return readFileSync(file, "utf8");
}

/** All kinds of things that a broker keeps; what clients have to find there again. */
async function fill(of: TestBroker, name: string) {
  await api(of, "POST", "/groups", { name: `${name}-group`, limits: { queueMessagesMax: 5_000 } });
  await api(of, "POST", "/users", { name: `${name}-user`, password: "correct horse", groups: [`${name}-group`] });
  await api(of, "POST", "/rules", {
    effect: "allow",
    subjectKind: "group",
    subject: `${name}-group`,
    filter: `${name}/%u/#`,
  });
  await api(of, "POST", "/bans", { kind: "client", value: `${name}-banned` });
  await api(of, "PUT", `/templates/${name}`, { pattern: `${name}-meter-*`, subscriptions: [{ filter: `${name}/%c` }] });
  await api(of, "POST", "/api-keys", { name: `${name}-key`, scopes: ["read"] });
  await api(of, "PUT", `/sessions/${name}-provisioned`, {
    subscriptions: [{ filter: `${name}/long/#`, qos: 1 }],
    limits: { queueMessagesMax: 1_000 },
    expirySeconds: 100_000,
  });
  const many = Array.from({ length: 260 }, (_, index) => ({ clientId: `${name}-x${index}` }));
  await api(of, "POST", "/sessions", many.map((one) => JSON.stringify(one)).join("\n"));
  const member = await TestClient.connect(of.url, { version: 5, clientId: `${name}-member`, persistent: true });
  await member.subscribe(`$share/workers/${name}/work`, 1);
  await member.end();
  const session = { clientId: `${name}-middle`, clean: false };
  const { client } = await RawClient.connect(of.url, session);
  await client.subscribe(`${name}/middle`, 2);
  const publisher = await TestClient.connect(of.url, { version: 5 });
  const publishMiddle = (payload: string, qos: 1 | 2) => publisher.publish(`${name}/middle`, payload, qos);
  await publishMiddle("one", 1);
  await publishMiddle("two", 2);
  await publishMiddle("three", 2);
  const [, two] = await client.expectPublishes(3);
  client.send({ cmd: "pubrec", messageId: two?.messageId ?? 0 });
  await client.expectPacket("pubrel");
  // A message of its own that it has not released.
  const own = {
    cmd: "publish",
    topic: `${name}/own`,
    payload: "own",
    qos: 2,
    messageId: 77,
    dup: false,
    retain: false,
  } as const;
  client.send(own);
  await client.expectPacket("pubrec");
  client.socket.cut();
  await eventually("it is away", async () =>
    (await api(of, "GET", `/clients/${name}-middle`)).includes('"state":"away"'),
  );
  await publishMiddle("four", 1);
  for (let index = 0; index < 600; index++) {
    void publisher.mqtt.publish(`${name}/long/${index}`, `${index}`.padEnd(400, "."), { qos: 1 });
  }
  await eventually("all are kept", async () =>
    (await api(of, "GET", `/clients/${name}-provisioned`)).includes('"messages":600'),
  );
  for (let index = 0; index < 5; index++) await publisher.publish(`${name}/work`, `${index}`, 1);
  await publisher.publish(`${name}/kept`, "retained", 1, true);
  await publisher.publish(`$delayed/3600/${name}/middle`, "later", 2);
  return { session, own };
}

describe.runIf(isOurs)("a backup", () => {
  const name = uniqueName("all");
  let filled: Awaited<ReturnType<typeof fill>>;
  let text = "";

  test("is written with all that is there, and a second one says the same", async () => {
    filled = await fill(source(), name);
    text = await backupOf(source());
    const kinds = new Set(valuesOf(text).map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(["backup", "page", "rows", "session", "shard"]);
    expect(text).not.toContain("correct horse");
    expect(contentOf(await backupOf(source()))).toEqual(contentOf(text));
  });

  test("that was cut short anywhere is gone on with", async () => {
    const file = join(folder, "cut");
    const ends = [...text.matchAll(/\{"kind":"page".*\n/g)].map(({ index, 0: line }) => index + line.length);
    expect(ends.length).toBeGreaterThan(2);
    for (const [index, end] of ends.slice(0, -1).entries()) {
      const within = Math.floor((end + (ends[index + 1] as number)) / 2);
      for (const cut of [end, within]) {
        writeFileSync(file, text.slice(0, cut));
        await run(["backup", file], { url: source().url });
        expect(contentOf(readFileSync(file, "utf8"))).toEqual(contentOf(text));
      }
    }
    const again = await start(["backup", file], { url: source().url }).ended;
    expect([again.code, again.errors]).toEqual([1, expect.stringContaining("is a whole backup already")]);
  });

  test("is restored line by line, with those before it again and again, and the copy's backup says the same", async () => {
    const lines = text.split("\n").filter((line) => /^\{"kind":"(rows|shard|session)"/.test(line));
    const { id } = valuesOf(text)[0];
    const query = `/restore?backup=${id}&version=2`;
    const isOfGroups = (line: string) => /"groups":\[\{/.test(line);
    const ordered = [...lines.filter((line) => !isOfGroups(line)), ...lines.filter(isOfGroups)];
    for (const [index, line] of ordered.entries()) {
      const before = index % 50 === 0 ? [ordered.slice(0, index + 1).join("\n")] : [];
      for (const sent of [line, ...before]) {
        const outcomes = valuesOf(await api(target(), "POST", query, sent));
        expect(outcomes.map(({ status, problem }) => [status, problem])).toEqual(outcomes.map(() => [200, undefined]));
        expect(outcomes.every(({ left }) => left === 0)).toBe(true);
      }
    }
    const copy = await backupOf(target());
    // A shard keeps what it takes in from somewhere in another row, and the group has handed its messages to nobody yet.
    const withoutGroups = (content: string[]) => content.filter((line) => !line.includes('"groups":[{'));
    expect(withoutGroups(contentOf(copy))).toEqual(withoutGroups(contentOf(text)));
  });

  test("[MQTT-4.4.0-1] [MQTT-4.3.3-6] real clients go on in the copy, and get what they are owed, QoS 1 and 2, exactly", async () => {
    const { client, connack } = await RawClient.connect(target().url, filled.session);
    expect(connack.sessionPresent).toBe(true);
    const shown = (await client.pending()).map((packet) => {
      if (packet.cmd !== "publish") return [packet.cmd, (packet as { messageId?: number }).messageId];
      return [packet.payload.toString(), packet.qos, packet.dup, packet.messageId];
    });
    expect(shown).toEqual([
      ["one", 1, true, 1],
      ["pubrel", 2],
      ["three", 2, true, 3],
      ["four", 1, false, 4],
    ]);
    client.send({ cmd: "pubcomp", messageId: 2 });
    client.send({ cmd: "puback", messageId: 1 });
    client.send({ cmd: "pubrec", messageId: 3 });
    await client.expectPacket("pubrel");
    client.send({ cmd: "pubcomp", messageId: 3 });
    client.send({ cmd: "puback", messageId: 4 });
    // What it had published before is known here.
    const witness = await TestClient.connect(target().url);
    await witness.subscribe(`${name}/own`, 2);
    client.send({ ...filled.own, dup: true });
    await client.expectPacket("pubrec");
    client.send({ cmd: "pubrel", messageId: 77 });
    await client.expectPacket("pubcomp");
    await witness.publish(`${name}/own`, "end", 2);
    expect(await witness.takePayloads(1)).toEqual(["end"]);
    const provisioned = await TestClient.connect(target().url, { clientId: `${name}-provisioned`, persistent: true });
    const payloads = (await provisioned.takePayloads(600)).map((payload) => payload.replaceAll(".", ""));
    expect(payloads).toEqual(Array.from({ length: 600 }, (_, index) => `${index}`));
    const member = await TestClient.connect(target().url, { version: 5, clientId: `${name}-member`, persistent: true });
    expect(await member.takePayloads(5)).toEqual(["0", "1", "2", "3", "4"]);
    const reader = await TestClient.connect(target().url);
    await reader.subscribe(`${name}/kept`, 1);
    expect(await reader.takePayloads(1)).toEqual(["retained"]);
    const user = await TestClient.connect(target().url, { username: `${name}-user`, password: "correct horse" });
    expect(user.isClosed).toBe(false);
    const meter = await TestClient.connect(target().url, { clientId: `${name}-meter-1` });
    await reader.publish(`${name}/${name}-meter-1`, "templated", 1);
    expect(await meter.takePayloads(1)).toEqual(["templated"]);
  });

  test("that comes again leaves alone what clients have done since", async () => {
    const file = join(folder, "again");
    writeFileSync(file, text);
    const before = JSON.parse(await api(target(), "GET", `/clients/${name}-provisioned`)).queue.messages;
    const outcome = JSON.parse(await run(["restore", file, "--json"], { url: target().url }));
    expect(outcome).toMatchObject({ taken: 0, failed: 0 });
    expect(JSON.parse(await api(target(), "GET", `/clients/${name}-provisioned`)).queue.messages).toBe(before);
  });

  test.each([
    [
      "of another version",
      (whole: string) => whole.replace('"version":2', '"version":3'),
      "version 3, and this broker reads versions up to 2",
    ],
    ["that is none", () => "a,b\n", "is no backup"],
    ["that is empty", () => "", "is empty"],
    ["that was interrupted", (whole: string) => whole.slice(0, whole.lastIndexOf('{"kind":"page"')), "is not whole"],
    ["with a line that was changed", (whole: string) => whole.replace(/"body":"[^"]+"/, '"body":"AAAA"'), "body."],
  ])("%s is refused, and says why", async (_, change, words) => {
    const file = join(folder, uniqueName("wrong"));
    writeFileSync(file, change(text));
    const { code, errors } = await start(["restore", file], { url: target().url }).ended;
    expect([code, errors]).toEqual([1, expect.stringContaining(words)]);
    expect(errors).not.toMatch(/\n +at /);
  });
});

describe.runIf(isOurs)("a restore over kills", () => {
  test("comes to its end, and nothing is lost or there twice", { timeout: 240_000 }, async () => {
    const name = uniqueName("kill");
    const sessions = Array.from({ length: 40 }, (_, index) => ({
      clientId: `${name}-${index}`,
      subscriptions: [{ filter: `${name}/${index}`, qos: 2 }],
    }));
    await api(source(), "POST", "/sessions", sessions);
    const messages = Array.from({ length: 40 * 20 }, (_, index) => ({
      topic: `${name}/${index % 40}`,
      payload: `${Math.floor(index / 40)}`.padEnd(6_000, "."),
      qos: 1 + (index % 2),
    }));
    for (let at = 0; at < messages.length; at += 600) {
      await api(source(), "POST", "/publish/bulk", messages.slice(at, at + 600));
    }
    const file = join(folder, "kill");
    writeFileSync(file, await backupOf(source()));
    const copy = await startBroker(settings);
    try {
      await restoreOverKills(copy, file);
      for (const index of [0, 19, 39]) {
        const client = await TestClient.connect(copy.url, { clientId: `${name}-${index}`, persistent: true });
        const received = (await client.takePayloads(20)).map((payload) => payload.replaceAll(".", ""));
        expect(received).toEqual(Array.from({ length: 20 }, (_, at) => `${at}`));
        await client.publish(`${name}/${index}`, "end", 1);
        expect(await client.takePayloads(1)).toEqual(["end"]);
      }
    } finally {
      await copy.stop();
    }
  });
});

/** Killed once or twice on the way, and the same command given again each time. */
async function restoreOverKills(copy: TestBroker, file: string): Promise<void> {
  let kills = 0;
  for (let attempt = 0; ; attempt++) {
    const restoring = start(["restore", file, "--json"], { url: copy.url });
    let isOver = false;
    const ended = restoring.ended.finally(() => {
      isOver = true;
    });
    const isKilled = attempt < 2 && (await killWhenMoving(copy, attempt, () => isOver));
    const { code, errors } = await ended;
    // It may have come to its end before.
    if (isKilled) await copy.restart();
    if (isKilled && code !== 0) kills++;
    if (code === 0) break;
    expect([isKilled, errors]).toEqual([
      true,
      expect.stringMatching(/cannot be reached|does not answer|cut short|terminated|control database/),
    ]);
  }
  expect(kills).toBeGreaterThan(0);
}

/** Within its first call, or the next. */
async function killWhenMoving(copy: TestBroker, attempt: number, isOver: () => boolean): Promise<boolean> {
  // Each call is written down before it is worked off.
  const calls = async () =>
    JSON.parse(await api(copy, "GET", "/audit?limit=1000")).items.filter(
      ({ action }: { action: string }) => action === "restore",
    ).length as number;
  const before = await calls();
  await eventually("it moves", async () => isOver() || (await calls()) > before + attempt, 60_000);
  if (isOver()) return false;
  await copy.kill9();
  return true;
}

describe.runIf(isOurs)("a webhook in a backup", () => {
  const endpoint = new WebhookEndpoint();
  beforeAll(() => endpoint.start());
  afterAll(() => endpoint.stop());

  test("goes on in the copy with what waited for it and its dead letters, over kills, once it is resumed", {
    timeout: 240_000,
  }, async () => {
    const name = uniqueName("hook");
    const fields = { filters: [`${name}/#`], events: ["session.created"], batchMessagesMax: 100, lingerMs: 0 };
    const made = JSON.parse(await api(source(), "POST", "/webhooks", { name, url: endpoint.url, ...fields }));
    endpoint.secret = made.secret;
    endpoint.mood = () => "refusing";
    await api(source(), "POST", "/publish", { topic: `${name}/refused`, payload: "refused", qos: 1 });
    const letters = async (of: TestBroker) =>
      JSON.parse(await api(of, "GET", `/webhooks/${name}/dead-letters`)).items as { batch: string }[];
    await eventually("it is a dead letter", async () => (await letters(source())).length === 1);
    endpoint.mood = () => "failing";
    const payloads = Array.from({ length: 1_800 }, (_, index) => `${index}`);
    for (let at = 0; at < payloads.length; at += 600) {
      const some = payloads.slice(at, at + 600);
      const messages = some.map((payload) => ({ topic: `${name}/a`, payload: payload.padEnd(3_000, "."), qos: 1 }));
      await api(source(), "POST", "/publish/bulk", messages);
    }
    await api(source(), "POST", `/webhooks/${name}/pause`);
    const tried = await eventually("a batch was begun", () => endpoint.received.find(({ mood }) => mood === "failing"));
    const file = join(folder, "webhook");
    const text = await backupOf(source());
    expect(text).not.toContain("whsec_");
    writeFileSync(file, text);
    endpoint.received.length = 0;
    const copy = await startBroker(settings);
    try {
      await restoreOverKills(copy, file);
      expect(JSON.parse(await api(copy, "GET", `/webhooks/${name}`))).toMatchObject({ ...fields, isPaused: true });
      expect(JSON.parse(await api(copy, "GET", `/webhooks/${name}/status`))).toMatchObject({
        isPaused: true,
        queueMessages: 1_800,
        deadLetters: { batches: 1 },
      });
      expect((await letters(copy)).map(({ batch }) => batch)).toEqual(
        (await letters(source())).map(({ batch }) => batch),
      );
      const renewed = JSON.parse(await api(copy, "POST", `/webhooks/${name}/secret`));
      expect([endpoint.received.length, renewed.secret === made.secret]).toEqual([0, false]);
      endpoint.secret = renewed.secret;
      endpoint.mood = () => "good";
      await api(copy, "POST", `/webhooks/${name}/resume`);
      const messagesOf = () => endpoint.items.filter(({ type }) => type === "message");
      await eventually("all of them", () => messagesOf().length === 1_800, 60_000);
      expect(messagesOf().map(({ data }) => data.payload.replaceAll(".", ""))).toEqual(payloads);
      expect(endpoint.received.every(({ isSigned }) => isSigned)).toBe(true);
      // Of a batch that the endpoint may have taken from the other broker it remembers the ids.
      expect(endpoint.received[0]?.id).toBe(tried.id);
      await api(copy, "POST", `/webhooks/${name}/dead-letters/all/send`);
      await eventually("the dead letter", () => messagesOf().at(-1)?.data.payload === "refused");
      await api(copy, "PUT", `/sessions/${name}-after`, { expirySeconds: 100 });
      const isTold = () => endpoint.items.some(({ data }) => data.clientId === `${name}-after`);
      await eventually("the event", isTold);
    } finally {
      await copy.stop();
    }
  });
});
