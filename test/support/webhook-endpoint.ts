// An endpoint of webhooks on this machine: verifies what comes with an implementation of its own, keeps it, and answers as its
// mood is.

import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Mood = "good" | "failing" | "hanging" | "slow" | "breaking" | "redirecting" | "refusing";

export interface Received {
  readonly id: string;
  readonly text: string;
  readonly mood: Mood;
  readonly isSigned: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect to be there.
  readonly items: readonly any[];
}

const slowMs = 300;

export class WebhookEndpoint {
  readonly #server: Server;
  /** Everything, in the order in which it came. */
  readonly received: Received[] = [];
  /** Requests to where a redirect led. */
  followed = 0;
  secret = "";
  mood: () => Mood = () => "good";

  constructor() {
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Items of batches that were taken, the first time that each came. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect to be there.
  get items(): any[] {
    const taken = this.received.filter(({ mood }) => mood === "good" || mood === "slow").flatMap(({ items }) => items);
    return [...new Map(taken.map((item) => [item.id, item] as const).toReversed()).values()].toReversed();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    // A broker that is killed sends half of it.
    try {
      for await (const chunk of request) text += chunk;
    } catch {
      return;
    }
    if (request.url !== "/hook") {
      this.followed++;
      return void response.end();
    }
    const mood = this.mood();
    const id = `${request.headers["webhook-id"]}`;
    this.received.push({ id, text, mood, isSigned: this.#isSigned(request, text), items: JSON.parse(text).items });
    switch (mood) {
      case "good":
        return void response.end("thanks");
      case "slow":
        return void setTimeout(() => response.end("thanks"), slowMs);
      case "failing":
        return void response.writeHead(503).end("not now");
      case "refusing":
        return void response.writeHead(422).end("never");
      case "redirecting":
        return void response.writeHead(307, { Location: "/elsewhere" }).end();
      case "breaking":
        return void request.socket.destroy();
      case "hanging":
        return;
      default:
        mood satisfies never;
    }
  }

  #isSigned({ headers }: IncomingMessage, text: string): boolean {
    const key = Buffer.from(this.secret.replace("whsec_", ""), "base64");
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${text}`;
    const signature = `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
    return `${headers["webhook-signature"]}`.split(" ").includes(signature);
  }
}
