// The commands of `durablemq` against a broker that runs: what people see, what scripts get, and how they fail.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testAdminKey } from "../support/admin-key.ts";
import { isOurs } from "../support/broker.ts";
import { TestClient, uniqueName } from "../support/client.ts";
import { run, type Setting, start } from "../support/command.ts";
import { eventually } from "../support/eventually.ts";
import { useBroker } from "../support/use-broker.ts";
import { WebhookEndpoint } from "../support/webhook-endpoint.ts";

const broker = useBroker({ env: { ADMIN_KEY: testAdminKey } });
const folder = mkdtempSync(join(tmpdir(), "durablemq-commands-"));
afterAll(() => rmSync(folder, { recursive: true }));

const here = (more: Partial<Setting> = {}): Setting => ({ url: broker().url, ...more });

function lines(output: string): string[] {
  return output.split("\n").filter((line) => line !== "");
}

function values(output: string) {
  return lines(output).map((line) => JSON.parse(line));
}

async function subscriber(filter: string): Promise<TestClient> {
  const client = await TestClient.connect(broker().url, { version: 5 });
  await client.subscribe(filter, 1);
  return client;
}

async function payloadsOf(client: TestClient, count: number): Promise<string[]> {
  return (await client.take(count)).map(({ payload }) => payload);
}

describe.runIf(isOurs)("pub", () => {
  test("a message, a file, lines, and what comes on standard input", async () => {
    const topic = uniqueName("pub");
    const client = await subscriber(topic);
    const file = join(folder, "message");
    writeFileSync(file, "from a file\n");
    expect(await run(["pub", topic, "an argument"], here())).toContain(`Published to ${topic}`);
    await run(["pub", topic, "--file", file], here());
    await run(["pub", topic, "-q", "2"], here({ input: "from standard input" }));
    expect(values(await run(["pub", topic, "--lines", "--json"], here({ input: "one\ntwo\nthree\n" })))).toEqual([
      { topic, published: 3 },
    ]);
    expect(await payloadsOf(client, 6)).toEqual([
      "an argument",
      "from a file\n",
      "from standard input",
      "one",
      "two",
      "three",
    ]);
  });

  test.each([
    ["over MQTT", []],
    ["over HTTP", ["--http"]],
  ] as const)("%s: retained, with properties", async (_, way) => {
    const topic = uniqueName("pub");
    const flags = ["-r", "--expiry", "600", "--content-type", "a/b", "--property", "x=1", "--property", "x=2=3"];
    await run(["pub", topic, "kept", ...flags, ...way], here());
    const [message] = values(await run(["retained", "get", topic, "--json"], here()));
    expect(message).toMatchObject({
      payload: "kept",
      properties: {
        contentType: "a/b",
        userProperties: [
          { name: "x", value: "1" },
          { name: "x", value: "2=3" },
        ],
      },
    });
    expect(message.expiresAtMs).toBeGreaterThan(Date.now());
  });

  test("over HTTP says how many it reached", async () => {
    const topic = uniqueName("pub");
    await subscriber(topic);
    expect(values(await run(["pub", topic, "x", "--http", "--json"], here()))).toEqual([
      { topic, reached: 1, retained: false },
    ]);
    expect(await run(["pub", topic, "x", "--http"], here())).toContain("it reached 1");
  });

  test.each([
    ["a topic with a wildcard", ["a/+", "x"], {}, "error: The broker"],
    ["a wildcard, over HTTP", ["a/+", "x", "--http"], {}, "body.topic"],
    ["no key", ["a", "x", "--http"], { key: "" }, "API key"],
    ["a wrong key", ["a", "x", "--http"], { key: "wrong" }, "DURABLEMQ_API_KEY"],
    ["no broker", ["a", "x"], { url: "ws://127.0.0.1:9/mqtt" }, "cannot be reached: connect ECONNREFUSED"],
    ["no broker, over HTTP", ["a", "x", "--http"], { url: "ws://127.0.0.1:9/mqtt" }, "cannot be reached"],
    ["a QoS that is none", ["a", "x", "-q", "3"], {}, "whole number"],
    ["no topic", [], {}, "missing required argument 'topic'\n(--help shows what there is)"],
  ])("%s: says what is wrong, and fails", async (_, args, more, words) => {
    const { code, errors } = await start(["pub", ...args], here(more)).ended;
    expect(code).not.toBe(0);
    expect(errors).toContain(words);
    expect(errors).not.toMatch(/\n +at /);
  });
});

describe.runIf(isOurs)("templates", () => {
  test("one is set, listed, gives a client its subscriptions, and is removed", async () => {
    const name = uniqueName("template");
    const flags = [
      "-s",
      `${name}/%c`,
      "-q",
      "2",
      "--expiry",
      "600",
      "--queue-messages",
      "9",
      "--queue-policy",
      "drop-oldest",
    ];
    expect(await run(["templates", "set", name, `${name}-*`, ...flags], here())).toContain(`Sessions of ${name}-*`);
    expect(await run(["templates", "list"], here())).toContain(`${name}/%c 2`);
    expect(values(await run(["templates", "list", "--json"], here()))).toContainEqual(
      expect.objectContaining({
        name,
        limits: { sessionExpirySecondsMax: 600, queueMessagesMax: 9, queuePolicy: "drop-oldest" },
      }),
    );
    const client = await TestClient.connect(broker().url, { version: 5, clientId: `${name}-1`, persistent: true });
    await run(["pub", `${name}/${name}-1`, "at once"], here());
    expect(await payloadsOf(client, 1)).toEqual(["at once"]);
    expect(await run(["templates", "remove", name], here())).toContain("Removed");
    const { code, errors } = await start(["templates", "remove", name], here()).ended;
    expect([code, errors]).toEqual([1, expect.stringContaining("There is no session template")]);
  });
});

describe.runIf(isOurs)("provision --lines", () => {
  test("makes a session for each line, says what could not be made, and the same again changes nothing", async () => {
    const prefix = uniqueName("bulk");
    const busy = await TestClient.connect(broker().url, { version: 5, clientId: `${prefix}-3` });
    const file = join(folder, "sessions.ndjson");
    const sessions = Array.from({ length: 501 }, (_, index) => ({
      clientId: `${prefix}-${index}`,
      subscriptions: [{ filter: `${prefix}/${index}` }],
    }));
    writeFileSync(file, sessions.map((one) => `${JSON.stringify(one)}\n`).join(""));
    const first = await start(["provision", "--lines", file], here()).ended;
    expect([first.code, first.output]).toEqual([
      1,
      expect.stringMatching(/made +brought into line +failed\n500 +0 +1\n/),
    ]);
    expect(first.errors).toContain(`${prefix}-3: `);
    await busy.end();
    const again = await run(["provision", "--lines", "-", "--json"], here({ input: JSON.stringify(sessions[3]) }));
    expect(values(again)).toMatchObject([{ clientId: `${prefix}-3`, status: 200, created: true }]);
    expect(
      lines(await run(["clients", "list", "--prefix", `${prefix}-`, "--state", "provisioned", "--json"], here())),
    ).toHaveLength(501);
  });

  test.each([
    ["neither a client nor a file", [], "Name a client id"],
    ["a file that is not there", ["--lines", "/nothing/here"], "cannot be read"],
  ] as const)("%s", async (_, args, words) => {
    const { code, errors } = await start(["provision", ...args], here()).ended;
    expect([code, errors]).toEqual([1, expect.stringContaining(words)]);
  });
});

describe.runIf(isOurs)("export and import", () => {
  test("a table is written, changed in a spreadsheet, and read again", async () => {
    const name = uniqueName("export");
    const file = join(folder, "users.csv");
    await run(["users", "add", name, "--no-password"], here());
    await run(["export", "users", "-o", file], here());
    const text = readFileSync(file, "utf8");
    expect(text.split("\r\n").some((line) => line.startsWith(`${name},`))).toBe(true);
    writeFileSync(file, `name,comment\n${name},=changed\n${name}-2,new\n`);
    const refused = await start(["import", "users", file], here()).ended;
    expect([refused.code, refused.errors]).toEqual([
      1,
      expect.stringContaining(`line 2, column name: there is ${name}`),
    ]);
    expect(await run(["import", "users", file, "--existing", "replace", "--dry-run"], here())).toContain(
      "It would be: 1 new",
    );
    expect(values(await run(["import", "users", file, "--existing", "replace", "--json"], here()))).toEqual([
      { created: 1, replaced: 1, kept: 0, isDryRun: false },
    ]);
    expect(values(await run(["export", "users", "--json"], here()))).toContainEqual(
      expect.objectContaining({ name, comment: "=changed" }),
    );
    expect(await run(["export", "users"], here())).toContain("'=changed");
  });

  test.each([
    ["a table that there is not", ["export", "nothing"], "Allowed choices"],
    ["a file that is not there", ["import", "users", "/nothing/here.csv"], "cannot be read"],
    ["a file that does not say what it is", ["import", "users", "/nothing/here"], "give --format"],
  ] as const)("%s", async (_, args, words) => {
    const { code, errors } = await start([...args], here()).ended;
    expect([code, errors]).toEqual([1, expect.stringContaining(words)]);
  });
});

describe.runIf(isOurs)("webhooks", () => {
  const endpoint = new WebhookEndpoint();
  beforeAll(() => endpoint.start());
  afterAll(() => endpoint.stop());

  async function status(name: string) {
    return values(await run(["webhooks", "show", name, "--json"], here()))[0];
  }

  test("one is made from a file and options, listed, shown, tried, changed, given another secret, and removed", async () => {
    const name = uniqueName("hook");
    const file = join(folder, "webhook.json");
    writeFileSync(file, JSON.stringify({ url: endpoint.url, filters: ["not/this"], batchMessagesMax: 7 }));
    const flags = ["--file", file, "--filter", `${name}/a`, `${name}/b`, "--event", "rule.denied", "--linger", "0"];
    const made = await run(["webhooks", "add", name, ...flags], here());
    expect(made).toMatch(/^Made .* Its secret, shown this once: whsec_/);
    endpoint.secret = made.trim().split(" ").at(-1) as string;
    expect(await run(["webhooks", "list"], here())).toMatch(
      new RegExp(`^${name} +${endpoint.url} +${name}/a, ${name}/b +rule.denied$`, "m"),
    );
    expect(values(await run(["webhooks", "list", "--json"], here()))).toContainEqual(
      expect.objectContaining({ name, batchMessagesMax: 7, lingerMs: 0 }),
    );
    expect(await run(["webhooks", "test", name], here())).toMatch(/^Taken after \d+ ms\.$/m);
    await run(["pub", `${name}/b`, "over"], here());
    await eventually("it is delivered", async () => (await status(name)).status.delivered.items === 1);
    expect(endpoint.items.map(({ type }) => type)).toEqual(["test", "message"]);
    expect(endpoint.received.every(({ isSigned }) => isSigned)).toBe(true);
    expect(await run(["webhooks", "set", name, "--attempts", "3", "--comment", "changed"], here())).toContain(
      "Changed",
    );
    const shown = await run(["webhooks", "show", name], here());
    expect(shown).toMatch(/^filters +hook.*\/a, hook.*\/b$/m);
    expect(shown).toMatch(/^attemptsMax +3$/m);
    expect(shown).toMatch(/^delivered +1 in 1 batches$/m);
    expect(shown).not.toContain("whsec_");
    const [renewed] = values(await run(["webhooks", "secret", name, "--json"], here()));
    expect(renewed.secret).not.toBe(endpoint.secret);
    expect(await run(["webhooks", "remove", name], here())).toContain("Removed");
    const { code, errors } = await start(["webhooks", "show", name], here()).ended;
    expect([code, errors]).toEqual([1, expect.stringContaining("There is no webhook")]);
  });

  test("what waits while it is paused, what its endpoint refuses, and what becomes of that", async () => {
    const name = uniqueName("hook");
    const flags = ["--url", endpoint.url, "--filter", name, "--batch", "1", "--linger", "0"];
    const [{ secret }] = values(await run(["webhooks", "add", name, ...flags, "--json"], here()));
    endpoint.secret = secret;
    await run(["webhooks", "pause", name], here());
    await run(["pub", name, "--lines"], here({ input: "one\ntwo\n" }));
    const paused = await run(["webhooks", "show", name], here());
    expect(paused).toMatch(/^state +paused$/m);
    expect(paused).toMatch(/^waiting +2 \(\d+ bytes\)$/m);
    endpoint.mood = () => "refusing";
    expect((await start(["webhooks", "test", name], here()).ended).output).toContain("Not taken: ");
    await run(["webhooks", "resume", name], here());
    const list = async () => values(await run(["webhooks", "dead-letters", "list", name, "--json"], here()));
    await eventually("both are given up", async () => (await list()).length === 2);
    endpoint.mood = () => "good";
    const [first, second] = (await list()).map(({ id }) => id as string);
    expect(await run(["webhooks", "dead-letters", "list", name], here())).toMatch(
      new RegExp(`^${first} +[\\d-]+ [\\d:]+ +1 +1 +.*422`, "m"),
    );
    expect(await run(["webhooks", "show", name, "--letters", "1"], here())).toMatch(
      new RegExp(`^dead letter .*\n${second} `, "m"),
    );
    expect(await run(["webhooks", "dead-letters", "show", name, `${first}`], here())).toContain('"payload":"one"');
    expect(await run(["webhooks", "dead-letters", "discard", name, `${first}`], here())).toContain("1 forgotten");
    expect(values(await run(["webhooks", "dead-letters", "retry", name, "all", "--json"], here()))).toEqual([
      { batches: 1 },
    ]);
    await eventually("it is delivered", async () => (await list()).length === 0);
    expect(endpoint.items.map(({ data }) => data.payload).at(-1)).toBe("two");
    await run(["webhooks", "remove", name], here());
  });

  test.each([
    ["neither an address nor a queue", ["add", "a", "--filter", "a"], "body.url"],
    ["an address that is none", ["add", "a", "--url", "ftp://x", "--filter", "a"], "body.url"],
    ["a file that is not there", ["add", "a", "--file", "/nothing/here"], "cannot be read"],
    ["a file that is no JSON", ["add", "a", "--file", "README.md"], "is no JSON object"],
    ["nothing to change", ["set", "a"], "Say what to change"],
    ["one that is not there", ["pause", "a"], "There is no webhook"],
    ["a dead letter that is none", ["dead-letters", "show", "a", "all"], "an id of the list"],
  ] as const)("%s: says what is wrong, and fails", async (_, args, words) => {
    const { code, errors } = await start(["webhooks", ...args], here()).ended;
    expect([code, errors]).toEqual([1, expect.stringContaining(words)]);
  });
});

describe.runIf(isOurs)("sub", () => {
  test("prints messages, for people and for scripts, and ends after --count", async () => {
    const topic = uniqueName("sub");
    await run(["pub", "-r", `${topic}/a`, "kept"], here());
    expect(await run(["sub", `${topic}/#`, "--count", "1"], here())).toBe(`${topic}/a kept\n`);
    expect(await run(["sub", `${topic}/#`, "--count", "1", "--no-topics"], here())).toBe("kept\n");
    expect(values(await run(["sub", "--json", "-n", "1", `${topic}/+`], here()))).toMatchObject([
      { topic: `${topic}/a`, payload: "kept", encoding: "text", qos: 1, retain: true },
    ]);
    expect(await run(["sub", `${topic}/#`, "--no-retained", "--wait", "1"], here())).toBe("");
  });

  test("with --keep what comes meanwhile waits, and nothing that was not printed is acknowledged", async () => {
    const topic = uniqueName("sub");
    const args = ["sub", topic, "--client-id", uniqueName("c"), "--keep", "600", "--no-topics"];
    await run([...args, "--wait", "1"], here());
    await run(["pub", topic, "--lines"], here({ input: "1\n2\n3\n" }));
    expect(lines(await run([...args, "--count", "2"], here()))).toEqual(["1", "2"]);
    expect(lines(await run([...args, "--count", "1"], here()))).toEqual(["3"]);
  });

  test("goes on until it is interrupted, and then ends well", async () => {
    const topic = uniqueName("sub");
    const running = start(["sub", topic], here());
    await eventually("a message is printed", async () => {
      await run(["pub", topic, "x"], here());
      return running.output().includes(`${topic} x`);
    });
    running.interrupt();
    expect((await running.ended).code).toBe(0);
  });

  test("a filter that is none: says so, and fails", async () => {
    const { code, errors } = await start(["sub", "a/#/b"], here()).ended;
    expect([code, errors]).toEqual([1, expect.stringContaining("error: ")]);
  });
});

describe.runIf(isOurs)("retained", () => {
  test("lists, reads and clears", async () => {
    const root = uniqueName("kept");
    for (const name of ["a", "b"]) await run(["pub", "-r", `${root}/${name}`, name], here());
    const table = lines(await run(["retained", "list", `${root}/#`], here()));
    expect(table[0]).toMatch(/^topic +QoS +bytes/);
    expect(table.slice(1)).toEqual([
      expect.stringMatching(new RegExp(`^${root}/a +1 +1 +a$`)),
      expect.stringMatching(new RegExp(`^${root}/b +1 +1 +b$`)),
    ]);
    expect(values(await run(["retained", "list", `${root}/#`, "--json"], here())).length).toBe(2);
    expect(await run(["retained", "get", `${root}/a`], here())).toBe("a\n");
    expect(values(await run(["retained", "clear", `${root}/#`, "--json"], here()))).toEqual([
      { filter: `${root}/#`, deleted: 2 },
    ]);
    expect((await start(["retained", "get", `${root}/a`], here()).ended).errors).toContain("There is no");
  });
});

describe.runIf(isOurs)("clients and provision", () => {
  test("a session is made, keeps what comes, is listed, shown and kicked", async () => {
    const clientId = uniqueName("made");
    const topic = uniqueName("kept");
    expect(await run(["provision", clientId, "-s", topic], here())).toContain(`Made a session for ${clientId}`);
    expect(values(await run(["provision", clientId, "-s", topic, "--json"], here()))).toMatchObject([
      { clientId, created: false },
    ]);
    await run(["pub", topic, "before it ever connected"], here());
    const listed = async (...flags: string[]) =>
      values(await run(["clients", "list", "--prefix", clientId, "--json", ...flags], here()));
    await eventually("it is listed", async () => (await listed("--state", "provisioned")).length === 1);
    const client = await TestClient.connect(broker().url, { clientId, persistent: true });
    expect(await payloadsOf(client, 1)).toEqual(["before it ever connected"]);
    await eventually(
      "it is connected",
      async () => (await listed("--state", "connected", "--limit", "5")).length === 1,
    );
    expect(await run(["clients", "list", "--prefix", clientId], here())).toMatch(
      new RegExp(`^${clientId} +connected`, "m"),
    );
    expect(values(await run(["clients", "show", clientId, "--json"], here()))).toMatchObject([
      { clientId, state: "connected", subscriptions: 1 },
    ]);
    const shown = await run(["clients", "show", clientId], here());
    for (const line of [
      /^state +connected/m,
      /^session outlives it +for ever/m,
      /^queue messages +0/m,
      /^drops +none/m,
    ]) {
      expect(shown).toMatch(line);
    }
    expect(await run(["kick", clientId], here())).toBe(`Ended the connection of ${clientId}.\n`);
    await client.closed();
    expect(await run(["kick", clientId], here())).toBe(`${clientId} was not connected.\n`);
    expect(values(await run(["kick", "--prefix", clientId, "--json"], here()))).toEqual([{ kicked: 0 }]);
  });

  test.each([
    ["neither a client nor a filter", ["kick"], "Name a client id"],
    ["both", ["kick", "a", "--prefix", "a"], "Name a client id"],
    ["nobody", ["clients", "show", "nobody-at-all"], "There is no session"],
    ["a filter that is none", ["provision", "a", "-s", "a/#/b"], "filter"],
  ])("%s: says what is wrong, and fails", async (_, args, words) => {
    const { code, errors } = await start(args, here()).ended;
    expect([code, errors]).toEqual([1, expect.stringContaining(words)]);
  });
});

describe.runIf(isOurs)("users", () => {
  test("from the first to the last, and a password is not asked for twice", async () => {
    const name = uniqueName("user");
    const key = join(folder, "key");
    writeFileSync(key, `${testAdminKey}\n`);
    await run(["users", "add", name, "--comment", "first"], here({ input: "correct horse\n" }));
    const [user] = values(await run(["users", "list", "--json", "--key-file", key], here({ key: "" }))).filter(
      (one) => one.name === name,
    );
    expect(user).toMatchObject({ hasPassword: true, comment: "first", disabled: false });
    expect(await run(["users", "list"], here())).toMatch(new RegExp(`^${name} +yes`, "m"));
    expect(values(await run(["users", "set", name, "--disable", "--json"], here()))).toMatchObject([
      { disabled: true },
    ]);
    expect((await start(["users", "set", name], here()).ended).errors).toContain("Say what to change");
    expect((await start(["users", "add", name, "--no-password"], here()).ended).errors).toContain("There is a user");
    await run(["users", "remove", name], here());
    expect((await start(["users", "remove", name], here()).ended).code).toBe(1);
  });
});

describe.runIf(isOurs)("acl", () => {
  test("says whether a client may, which rule decides, and what would change it", async () => {
    const api = { headers: { Authorization: `Bearer ${testAdminKey}`, "Content-Type": "application/json" } };
    const rule = { effect: "deny", subjectKind: "everyone", filter: "secret/#" };
    const url = broker()
      .url.replace(/^ws/, "http")
      .replace(/\/mqtt$/, "/api/v1/rules");
    await fetch(url, { ...api, method: "POST", body: JSON.stringify(rule) });
    expect(await run(["acl", "test", "publish", "open/a", "--user", "anna"], here())).toContain(
      "anna, as client a-client, may publish",
    );
    const denied = await start(["acl", "test", "subscribe", "secret/+", "--client-id", "c"], here()).ended;
    expect(denied.code).toBe(1);
    expect(denied.output).toMatch(/may not subscribe to the filter secret\/\+\.\nBecause rule \w+ den/);
    expect(denied.output).toContain("To allow it: POST /api/v1/rules");
    const json = await start(["acl", "test", "publish", "secret/a", "--json"], here()).ended;
    expect(values(json.output)).toMatchObject([{ isAllowed: false, rule: { effect: "deny" } }]);
    expect((await start(["acl", "test", "read", "a"], here()).ended).errors).toContain("publish or subscribe");
    expect(values(await run(["acl", "refusals", "nobody", "--json"], here()))).toEqual([]);
  });
});

describe.runIf(isOurs)("bench", () => {
  test("measures, and says so as a table and as JSON", async () => {
    const args = ["bench", "--messages", "500"];
    expect(await run(args, here())).toMatch(/messages a second +[\d,]+/);
    expect(values(await run([...args, "--json", "-q", "2"], here()))).toMatchObject([
      { complete: true, messages: 500 },
    ]);
  });

  test("as a user, whose password comes from a file or the environment", async () => {
    const name = uniqueName("user");
    const file = join(folder, "password");
    writeFileSync(file, "not to be guessed\n");
    await run(["users", "add", name, "--password-file", file], here());
    const args = ["bench", "--messages", "100", "--user", name];
    expect(await run([...args, "--password-file", file], here())).toMatch(/messages a second/);
    const wrong = await start(args, here({ environment: { DURABLEMQ_PASSWORD: "a guess" } })).ended;
    expect(wrong.code).toBe(1);
    expect(wrong.errors).toContain("CONNACK code 4");
  });
});

describe.runIf(isOurs)("help", () => {
  test.each([[[]], [["pub"]], [["sub"]], [["retained"]], [["users"]], [["acl"]], [["webhooks"]], [["bench"]]])(
    "of %j",
    async (command) => {
      const text = await run([...command, "--help"], here());
      expect(text).toContain("Usage: durablemq");
    },
  );
});

describe.runIf(isOurs)("trace", () => {
  test("follows a client that is connected, in lines for people and values for scripts, and is read again later", async () => {
    const clientId = uniqueName("traced");
    const client = await TestClient.connect(broker().url, { version: 5, clientId });
    const following = start(["trace", "follow", "--client", clientId, "--seconds", "60"], here());
    const { id } = await eventually("the trace runs", async () => {
      const traces = values(await run(["trace", "list", "--json"], here()));
      return traces.find(({ value }) => value === clientId);
    });
    await eventually("it is recorded", async () => {
      await client.publish("traced/topic", "x", 1);
      const url = broker()
        .url.replace(/^ws/, "http")
        .replace(/\/mqtt$/, `/api/v1/traces/${id}`);
      const answer = await fetch(url, { headers: { Authorization: `Bearer ${testAdminKey}` } });
      return ((await answer.json()) as { events: number }).events >= 2;
    });
    expect(await run(["trace", "stop", id], here())).toContain("It does not run any more.");
    const { output, errors, code } = await following.ended;
    expect([code, errors]).toEqual([0, expect.stringContaining("The trace is over: it was stopped.")]);
    const shown = lines(output);
    expect(shown[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} {2}session {2}traced-.* {2}→ {2}PUBLISH {2}id \d+ {2}traced\/topic/,
    );
    const again = values(await run(["trace", "show", id, "--json"], here()));
    expect(again[0]).toMatchObject({ number: 1, what: "received", packet: "PUBLISH", topic: "traced/topic" });
    await run(["trace", "delete", id], here());
    expect(await run(["trace", "list"], here())).not.toContain(clientId);
  });

  test.each([
    [[], "Give one of --client, --address and --topic."],
    [["--client", "a", "--topic", "b"], "Give one of --client, --address and --topic."],
    [["--topic", "a/#/b"], "body.target.value"],
  ])("%j: %s", async (flags, words) => {
    const { code, errors } = await start(["trace", "follow", ...flags], here()).ended;
    expect([code, errors]).toEqual([1, expect.stringContaining(words)]);
  });

  test("is stopped when it is interrupted", async () => {
    const value = uniqueName("traced");
    const following = start(["trace", "follow", "--topic", value], here());
    await eventually("the trace runs", async () => (await run(["trace", "list"], here())).includes(value));
    following.interrupt();
    const { code, errors } = await following.ended;
    expect([code, errors]).toEqual([0, expect.stringContaining("The trace is over: it was stopped.")]);
  });
});
