// The operators' page is served beside MQTT, under headers that keep it to itself.

import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";

const html = await exports.default.fetch("http://broker/");
const text = await html.text();

function directives(policy: string): Map<string, string> {
  return new Map(policy.split("; ").map((each) => [each.split(" ")[0] ?? "", each.split(" ").slice(1).join(" ")]));
}

test("the page is at /, and may load from and talk to nobody but where it came from", () => {
  expect([html.status, html.headers.get("Content-Type")]).toEqual([200, "text/html; charset=utf-8"]);
  const policy = directives(html.headers.get("Content-Security-Policy") ?? "");
  expect(policy.get("default-src")).toBe("'none'");
  for (const kind of ["script-src", "style-src", "img-src", "connect-src"]) expect(policy.get(kind)).toBe("'self'");
  for (const kind of ["base-uri", "form-action", "frame-ancestors"]) expect(policy.get(kind)).toBe("'none'");
  expect([policy.get("require-trusted-types-for"), policy.get("trusted-types")]).toEqual(["'script'", "'none'"]);
  expect(html.headers.get("X-Content-Type-Options")).toBe("nosniff");
  expect(html.headers.get("Referrer-Policy")).toBe("no-referrer");
  expect(html.headers.get("Cross-Origin-Opener-Policy")).toBe("same-origin");
  expect(html.headers.get("Cache-Control")).toBe("no-cache");
});

test("it names no other origin, and has no script or style of its own inside", () => {
  expect(text).not.toMatch(/https?:\/\//);
  expect(text).not.toMatch(/<style|style=|<script(?![^>]* src=)|\son\w+=/);
});

test("what it loads has the same headers, and is kept for good: its name changes with its content", async () => {
  const paths = [...text.matchAll(/(?:src|href)="\.(\/assets\/[^"]+)"/g)].map((match) => match[1] ?? "");
  expect(paths.length).toBeGreaterThanOrEqual(2);
  for (const path of paths) {
    const file = await exports.default.fetch(`http://broker${path}`);
    expect(file.status).toBe(200);
    expect(file.headers.get("Cache-Control")).toBe("public, max-age=31536000, immutable");
    expect(file.headers.get("Content-Security-Policy")).toBe(html.headers.get("Content-Security-Policy"));
    expect(await file.text()).not.toBe("");
  }
});

test.each(["/nothing", "/assets/nothing.js", "/dashboard"])("%s: not found, not kept", async (path) => {
  const answer = await exports.default.fetch(`http://broker${path}`);
  expect([answer.status, await answer.text()]).toEqual([404, "not found\n"]);
  expect(answer.headers.get("Cache-Control")).toBeNull();
});

test.each(["/", "/mqtt"])("an upgrade on %s is an MQTT client", async (path) => {
  const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": "mqtt" };
  const { status, webSocket } = await exports.default.fetch(`http://broker${path}`, { headers });
  expect(status).toBe(101);
  webSocket?.accept();
  webSocket?.close();
});
