// `durablemq kick`: ends the connection of a client, or of all that filters match.

import { Command } from "commander";
import { Api } from "../api.ts";
import { Failure } from "../failure.ts";
import { withApi } from "../options.ts";
import { printJson, printTable, progress } from "../output.ts";
import { type FilterFlags, filterOf, pathOf, withFilters } from "./clients.ts";

export function kickCommand(): Command {
  return withFilters(withApi(new Command("kick")))
    .summary("end connections")
    .description(
      "Ends the connection of a client, or of all that filters match. Their sessions stay, and they may come again.",
    )
    .argument("[client-id]")
    .action(runKick);
}

async function runKick(clientId: string | undefined, flags: FilterFlags): Promise<void> {
  const body = filterOf(flags);
  const isFiltered = Object.values(body).some((value) => value !== undefined);
  if ((clientId === undefined) !== isFiltered) throw new Failure("Name a client id, or give filters: see --help.");
  const api = new Api(flags);
  const shown = await progress("Ending connections");
  let kicked = 0;
  if (clientId !== undefined) {
    const { wasConnected } = await api.call<{ wasConnected: boolean }>("POST", `${pathOf(clientId)}/kick`);
    shown.end("Done");
    if (flags.json) printJson({ kicked: wasConnected ? 1 : 0 });
    else console.log(wasConnected ? `Ended the connection of ${clientId}.` : `${clientId} was not connected.`);
    return;
  }
  for (let after: string | null | undefined; after !== null; ) {
    const page: { kicked: number; next: string | null } = await api.call("POST", "/kick", { query: { after }, body });
    kicked += page.kicked;
    after = page.next;
    shown.now(`Ended ${kicked} connections`);
  }
  shown.end("Done");
  if (flags.json) printJson({ kicked });
  else printTable(["connections ended"], [[kicked]]);
}
