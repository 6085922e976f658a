// `durablemq retained`: each topic's last message that the broker keeps.

import { Command } from "commander";
import { Api, type ApiFlags } from "../api.ts";
import { withApi } from "../options.ts";
import { payloadFor, printJson, printTable, progress, time } from "../output.ts";

interface Message {
  readonly topic: string;
  readonly payload: string;
  readonly encoding: "text" | "base64";
  readonly payloadBytes: number;
  readonly qos: number;
  readonly expiresAtMs: number | null;
}

interface Flags extends ApiFlags {
  readonly json?: true;
}

const columnsMax = 60;

export function retainedCommand(): Command {
  return new Command("retained")
    .summary("list, read and clear retained messages")
    .description(
      "Looks at the messages that the broker keeps for those who subscribe later. To set one: durablemq pub --retain.",
    )
    .addCommand(
      withApi(new Command("list").description("Lists what is retained."))
        .argument("[filter]", "topics", "#")
        .action(runList),
    )
    .addCommand(
      withApi(new Command("get").description("Prints a topic's retained message.")).argument("<topic>").action(runGet),
    )
    .addCommand(
      withApi(new Command("clear").description("Takes retained messages away; subscribers hear nothing of it."))
        .argument("<filter>", "topics")
        .action(runClear),
    );
}

async function runList(filter: string, flags: Flags): Promise<void> {
  const rows: string[][] = [];
  for await (const message of new Api(flags).list<Message>("/retained", { filter, limit: 1000 })) {
    const { topic, payload, encoding, payloadBytes, qos, expiresAtMs } = message;
    if (flags.json) printJson(message);
    else
      rows.push([
        topic,
        `${qos}`,
        `${payloadBytes}`,
        time(expiresAtMs),
        shorten(encoding === "text" ? payload : "(bytes)"),
      ]);
  }
  const sorted = rows.toSorted(([left = ""], [right = ""]) => (left < right ? -1 : 1));
  if (!flags.json) printTable(["topic", "QoS", "bytes", "expires", "message"], sorted);
}

async function runGet(topic: string, flags: Flags): Promise<void> {
  const message = await new Api(flags).call<Message>("GET", `/retained/${encodeURIComponent(topic)}`);
  if (flags.json) return printJson(message);
  const payload = Buffer.from(message.payload, message.encoding === "text" ? "utf8" : "base64");
  process.stdout.write(payloadFor(process.stdout, payload));
  process.stdout.write("\n");
}

async function runClear(filter: string, flags: Flags): Promise<void> {
  const api = new Api(flags);
  const shown = await progress(`Clearing ${filter}`);
  let deleted = 0;
  for (let after: string | undefined; ; ) {
    const page: { deleted: number; next: string | null } = await api.call("DELETE", "/retained", {
      query: { filter, limit: 1000, after },
    });
    deleted += page.deleted;
    shown.now(`Clearing ${filter}: ${deleted}`);
    if (page.next === null) break;
    after = page.next;
  }
  shown.end(`Cleared ${deleted} retained messages`);
  if (flags.json) printJson({ filter, deleted });
  else if (!process.stderr.isTTY) console.log(`Cleared ${deleted} retained messages.`);
}

function shorten(text: string): string {
  return text.length <= columnsMax ? text : `${text.slice(0, columnsMax - 1)}…`;
}
