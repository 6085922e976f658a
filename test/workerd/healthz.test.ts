import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";

test("the Worker answers its health check", async () => {
  const response = await exports.default.fetch("http://broker/healthz");
  expect(response.status).toBe(200);
});
