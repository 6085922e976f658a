// As much of Cloudflare's API as wrangler needs to keep secrets, databases and Workers: an account on loopback, whose databases
// are real SQLite. Wrangler is pointed at it with CLOUDFLARE_API_BASE_URL.

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { DatabaseSync } from "node:sqlite";

export interface Upload {
  readonly name: string;
  readonly metadata: Readonly<Record<string, unknown>> & {
    readonly bindings: readonly { readonly name: string; readonly type: string; readonly id?: string }[];
  };
}

interface Answer {
  readonly status?: number;
  readonly result?: unknown;
  readonly code?: number;
  readonly message?: string;
}

interface Database {
  readonly uuid: string;
  readonly sqlite: DatabaseSync;
  readonly jurisdiction: string | undefined;
}

export class CloudflareAccount {
  readonly databases = new Map<string, Database>();
  readonly secrets = new Map<string, string[]>();
  readonly uploads: Upload[] = [];
  /** What happened, in order. */
  readonly events: string[] = [];
  /** Requests that nobody expected. */
  readonly unknown: string[] = [];
  /** Refuses whoever comes. */
  isClosed = false;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async open(): Promise<CloudflareAccount> {
    const account = new CloudflareAccount();
    account.#server.listen(0, "127.0.0.1");
    await once(account.#server, "listening");
    return account;
  }

  /** For wrangler. */
  get environment(): Record<string, string> {
    const { port } = this.#server.address() as AddressInfo;
    return {
      CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}/client/v4`,
      CLOUDFLARE_API_TOKEN: "test",
      CLOUDFLARE_ACCOUNT_ID: "account",
    };
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
    for (const { sqlite } of this.databases.values()) sqlite.close();
  }

  /** Deploys a Worker with these secrets, as if it had been there before. */
  hold(worker: string, secrets: readonly string[]): void {
    this.secrets.set(worker, [...secrets]);
  }

  /** A database without a table. */
  makeDatabase(name: string): void {
    this.#make({ name });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = new URL(request.url ?? "/", "http://account").pathname.replace("/client/v4/accounts/account/", "");
    const {
      status = 200,
      result = {},
      code,
      message,
    } = this.isClosed
      ? { status: 403, code: 10000, message: "Authentication error" }
      : this.#answer(`${request.method} ${path}`, request.headers["content-type"] ?? "", Buffer.concat(chunks));
    const errors = code === undefined ? [] : [{ code, message }];
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ success: errors.length === 0, errors, messages: [], result }));
  }

  #answer(what: string, contentType: string, body: Buffer): Answer {
    for (const [pattern, answer] of this.#routes) {
      const [found, name = ""] = pattern.exec(what) ?? [];
      if (found !== undefined) return answer(decodeURIComponent(name), body, contentType);
    }
    this.unknown.push(what);
    return { status: 404, code: 7000, message: "No route for that URI" };
  }

  readonly #routes: readonly (readonly [RegExp, (name: string, body: Buffer, contentType: string) => Answer])[] = [
    [/^GET workers\/scripts\/([^/]+)\/secrets$/, (name) => this.#listSecrets(name)],
    [/^GET d1\/database\/([^/]+)$/, (name) => this.#describe(name)],
    [/^POST d1\/database$/, (_name, body) => this.#make(JSON.parse(body.toString()))],
    [/^POST d1\/database\/([^/]+)\/query$/, (uuid, body) => this.#query(uuid, JSON.parse(body.toString()))],
    [/^GET workers\/services\/([^/]+)$/, (name) => this.#service(name)],
    [/^GET workers\/scripts\/[^/]+\/deployments$/, () => ({ result: { deployments: [] } })],
    [/^GET workers\/scripts\/[^/]+\/settings$/, () => ({ result: { bindings: [] } })],
    // Every file is there already.
    [/^POST workers\/scripts\/[^/]+\/assets-upload-session$/, () => ({ result: { jwt: "session", buckets: [] } })],
    [/^PUT workers\/scripts\/([^/]+)$/, (name, body, contentType) => this.#upload(name, contentType, body)],
    [/^PATCH workers\/scripts\/[^/]+\/script-settings$/, () => ({})],
    [/^GET workers\/workers\/[^/]+$/, () => ({ result: { subdomain: { enabled: true, previews_enabled: false } } })],
    [/^POST workers\/scripts\/[^/]+\/subdomain$/, () => ({ result: { enabled: true, previews_enabled: false } })],
    // Figures of use, which nobody here looks at.
    [/^POST \/client\/v4\/graphql$/, () => ({})],
    [/^GET workers\/subdomain$/, () => ({ result: { subdomain: "example" } })],
  ];

  #listSecrets(worker: string): Answer {
    const names = this.secrets.get(worker);
    if (names === undefined)
      return { status: 404, code: 10007, message: "This Worker does not exist on your account." };
    return { result: names.map((name) => ({ name, type: "secret_text" })) };
  }

  #service(name: string): Answer {
    if (!this.secrets.has(name)) return { status: 404, code: 10090, message: "This service does not exist." };
    return { result: { id: name, default_environment: { script: { id: name, last_deployed_from: "wrangler" } } } };
  }

  #describe(nameOrId: string): Answer {
    const [name, known] = [...this.databases].find(([each, { uuid }]) => each === nameOrId || uuid === nameOrId) ?? [];
    if (known === undefined) return { status: 404, code: 7404, message: "The database could not be found" };
    return {
      result: { uuid: known.uuid, name, num_tables: 0, file_size: 0, running_in_region: "WEUR", version: "production" },
    };
  }

  #make({ name, jurisdiction }: { readonly name: string; readonly jurisdiction?: string }): Answer {
    const uuid = randomUUID();
    this.databases.set(name, { uuid, sqlite: new DatabaseSync(":memory:"), jurisdiction });
    this.events.push(`made ${name}`);
    return { result: { uuid, name } };
  }

  #query(uuid: string, { sql }: { readonly sql: string }): Answer {
    const { sqlite } = [...this.databases.values()].find((one) => one.uuid === uuid) as Database;
    const reads = /^\s*SELECT/i.test(sql);
    const results = reads ? sqlite.prepare(sql).all() : [];
    if (!reads) sqlite.exec(sql);
    const [, migration] = /INSERT INTO "?d1_migrations"?[\s\S]*VALUES \('([^']+)'\)/i.exec(sql) ?? [];
    if (migration !== undefined) this.events.push(`migrated ${migration}`);
    return { result: [{ results, success: true, meta: { duration: 0 } }] };
  }

  #upload(name: string, contentType: string, body: Buffer): Answer {
    const [, boundary = ""] = /boundary="?([^";]+)/.exec(contentType) ?? [];
    const parts = body.toString("latin1").split(`--${boundary}`);
    const [, json = "{}"] = parts.find((part) => /name="metadata"/.test(part))?.split("\r\n\r\n") ?? [];
    const metadata = JSON.parse(json) as Upload["metadata"];
    const secrets = metadata.bindings.filter(({ type }) => type === "secret_text").map((one) => one.name);
    this.secrets.set(name, [...new Set([...(this.secrets.get(name) ?? []), ...secrets])]);
    this.uploads.push({ name, metadata });
    this.events.push(`deployed ${name}`);
    return { result: { id: name, startup_time_ms: 10, entry_point: "index.js", deployment_id: randomUUID() } };
  }
}
