// `.` and `..` are taken out of an address on its way: a command about a client of that name would be one about something else.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { Api } from "../../../cli/api.ts";
import { pathOf } from "../../../cli/commands/clients.ts";

let server: Server;
let asked: (string | undefined)[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => void server.close());
beforeEach(() => {
  asked = [];
  vi.stubEnv("DURABLEMQ_API_KEY", "k");
});
afterEach(() => void vi.unstubAllEnvs());

const api = () => new Api({ api: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });

test.each([".", ".."])("%s is not asked for", async (clientId) => {
  await expect(api().call("POST", `${pathOf(clientId)}/kick`)).rejects.toThrow("No address can hold the names");
  expect(asked).toEqual([]);
});

test.each(["a/../b", "'()*!~", "%2e", "ü#?", "a b"])("%s is", async (clientId) => {
  await api().call("POST", `${pathOf(clientId)}/kick`);
  expect(asked).toEqual([`/api/v1/clients/${encodeURIComponent(clientId)}/kick`]);
});
