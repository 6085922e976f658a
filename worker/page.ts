// The operators' page: static files built from dashboard/, answered under headers by which a browser lets it load nothing from
// elsewhere, talk to nobody but this Worker, and stand in nobody's frame.

import type { Env } from "./env.ts";

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const pageHeaders = {
  "Content-Security-Policy": policy,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

export async function page(request: Request, env: Env): Promise<Response> {
  const file = await env.ASSETS.fetch(request);
  if (file.status === 404) return new Response("not found\n", { status: 404 });
  const answer = new Response(file.body, file);
  for (const [name, value] of Object.entries(pageHeaders)) answer.headers.set(name, value);
  // What the build names after its content never changes; the page that names it does.
  const { pathname } = new URL(request.url);
  const isNamedByContent = pathname.startsWith("/assets/") && file.ok;
  answer.headers.set("Cache-Control", isNamedByContent ? "public, max-age=31536000, immutable" : "no-cache");
  return answer;
}
