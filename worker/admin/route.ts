// A route of the HTTP API: what it takes and answers, as schemas that check and document it, who may call it, and what it
// does. The list of all routes is what the application serves and what its documentation is made from.

import type * as z from "zod/mini";
import type { Control } from "../d1/control.ts";
import type { Env } from "../env.ts";
import type { Scope } from "../scopes.ts";
import type { Caller } from "./caller.ts";
import type { Columns } from "./transfer/csv.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Call<Path, Query, Body, Headers = Readonly<Record<string, never>>> {
  readonly env: Env;
  readonly control: Control;
  readonly caller: Caller;
  readonly nowMs: number;
  readonly path: Path;
  readonly query: Query;
  readonly body: Body;
  readonly headers: Headers;
  readonly request: Request;
  /** Where a member of a body that is a list stands in what came, for who has to say what is wrong with it. */
  readonly placeOf: (index: number, field: string) => string;
}

export type StreamType = "text/event-stream" | "application/x-ndjson" | "application/json" | "text/csv";

export interface Answer {
  readonly status: number;
  /** Undefined: none, as for 204. Sent as JSON, unless it is a stream, which is sent as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RouteShape<
  Path extends z.ZodMiniType,
  Query extends z.ZodMiniType,
  Body extends z.ZodMiniType,
  Headers extends z.ZodMiniObject,
> {
  readonly method: Method;
  /** Under /api/v1, with parameters in braces. */
  readonly path: string;
  readonly scope: Scope;
  /** Groups routes in the documentation. */
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly params: Path;
  readonly query: Query;
  /** Request headers that mean something to this route, by their names. */
  readonly headers?: Headers;
  /** What the body has to be; absent for a route without one. */
  readonly body?: Body;
  /** If the body is a list, it may also come as `application/x-ndjson`: one value on each line. */
  readonly takesLines?: true;
  /** If the body is a list of objects, it may also come as `text/csv` with these columns. */
  readonly takesCsv?: Columns;
  readonly bodyBytesMax?: number;
  readonly answers: {
    readonly status: number;
    readonly description: string;
    readonly schema?: z.ZodMiniType;
    /** Of a body that is a stream; otherwise it is JSON. */
    readonly type?: StreamType | readonly StreamType[];
  };
  handle(call: Call<z.output<Path>, z.output<Query>, z.output<Body>, z.output<Headers>>): Promise<Answer>;
}

export type Route = RouteShape<z.ZodMiniType, z.ZodMiniType, z.ZodMiniType, z.ZodMiniObject>;

/** Says what the handler gets; the list of routes does not need to know. */
export function route<
  Path extends z.ZodMiniType,
  Query extends z.ZodMiniType,
  Body extends z.ZodMiniType,
  Headers extends z.ZodMiniObject,
>(shape: RouteShape<Path, Query, Body, Headers>): Route {
  return shape as unknown as Route;
}
