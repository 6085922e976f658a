// A route of the HTTP API and what it is given, as one request.

import type { Route } from "../../../worker/admin/route.ts";
import { testAdminKey } from "../../support/admin-key.ts";
import { type ApiAnswer, send } from "./api.ts";
import { uniqueId } from "./client.ts";

/** What a caller says besides the method and the path. */
export interface Given {
  /** Of the path's parameters, by name. */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Row {
  /** Makes what the route needs, and answers what it can be given. */
  readonly valid: () => Given | Promise<Given>;
  /** Whether it has done what it says, besides answering so. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect to be there.
  readonly proves?: (answer: any, given: Given) => unknown;
  /** The status for an id in the path that nobody has, where it is not 404. */
  readonly ofNobody?: number;
  /** What its schemas do not say of its input: each is answered so. */
  readonly refused?: readonly Refused[];
}

export interface Refused {
  readonly about: string;
  /** In place of parts of what is valid. */
  readonly given: Given | ((valid: Given) => Given | Promise<Given>);
  readonly status: number;
  readonly name: string;
  /** Named by `errors`. */
  readonly at?: string;
}

export type Rows = Readonly<Record<string, Row>>;

export function nameOf({ method, path }: Route): string {
  return `${method} ${path}`;
}

/** A body with a name that is not taken, where it has one. */
export function unnamed({ body }: Given): object {
  return { ...(body as object), ...("name" in (body as object) ? { name: uniqueId("unnamed") } : {}) };
}

export function urlOf(route: Route, { path = {}, query = {} }: Given): URL {
  const filled = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ""));
  const url = new URL(`http://broker/api/v1${filled}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

/** `raw` is the body as it is sent, and `url` where it is sent to, in place of what is given. */
export function callRoute(
  route: Route,
  given: Given,
  { raw, type = "application/json", url = urlOf(route, given) }: { raw?: BodyInit; type?: string; url?: URL } = {},
): Promise<ApiAnswer> {
  const headers = new Headers({ Authorization: `Bearer ${testAdminKey}`, ...given.headers });
  const body = raw ?? (given.body === undefined ? null : JSON.stringify(given.body));
  if (body !== null) headers.set("Content-Type", type);
  return send(new Request(url, { method: route.method, headers, body }));
}
