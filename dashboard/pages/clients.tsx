// Clients: each client id with a session, whether it is connected, away, or has yet to come.

import type { TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { call } from "../api/call.ts";
import { useList } from "../api/list.ts";
import type { Client } from "../api/types.ts";
import { FormDialog } from "../parts/dialog.tsx";
import { choiceOf, SelectField, TextField, textOf } from "../parts/field.tsx";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { ListTable } from "../parts/table.tsx";
import { Badge, Code, Time, type Tone } from "../parts/words.tsx";
import { useMay } from "../shell/caller.ts";
import { say } from "../shell/messages.tsx";
import { linkTo } from "../shell/place.ts";
import { Provision } from "./provision.tsx";

const everyMs = 4_000;
const states = ["any", "connected", "away", "provisioned"] as const;

/** What was given of it; nothing: all clients. */
interface Filter {
  readonly state?: Client["state"];
  readonly user?: string;
  readonly address?: string;
  readonly prefix?: string;
}

function filterOf(form: FormData): Filter {
  const state = choiceOf(form, "state", states);
  const texts = ["prefix", "user", "address"].map((name) => [name, textOf(form, name)] as const);
  return {
    ...Object.fromEntries(texts.filter(([, text]) => text !== "")),
    ...(state === "any" ? {} : { state }),
  };
}

export function Clients() {
  const [filter, setFilter] = useState<Filter>({});
  const [open, setOpen] = useState<"provision" | "kick">();
  const list = useList("GET /clients", { query: filter }, everyMs);
  const mayOperate = useMay("operate");
  const isFiltered = Object.keys(filter).length > 0;
  const search = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setFilter(filterOf(new FormData(event.currentTarget)));
  };
  return (
    <Page
      title="Clients"
      about="Each client id with a session: connected, away while its messages are kept, or provisioned for a client that has yet to come."
      actions={
        mayOperate && (
          <>
            {isFiltered && (
              <button type="button" class="button button-quiet-bad" onClick={() => setOpen("kick")}>
                Kick all that match
              </button>
            )}
            <button type="button" class="button button-main" onClick={() => setOpen("provision")}>
              Provision a session
            </button>
          </>
        )
      }
    >
      <form class="toolbar" onSubmit={search}>
        <TextField name="prefix" label="Client id begins with" type="search" class="code-input" />
        <SelectField name="state" label="State" choices={states} value="any" />
        <TextField name="user" label="User" type="search" />
        <TextField name="address" label="Address" type="search" />
        <button type="submit" class="button">
          Search
        </button>
      </form>
      <ListTable
        caption="Clients"
        list={list}
        keyOf={(client) => client.clientId ?? JSON.stringify(client)}
        columns={[
          { head: "Client id", cell: ({ clientId }) => <ClientLink clientId={clientId} /> },
          { head: "State", cell: ({ state }) => <StateBadge state={state} /> },
          { head: "Since", cell: (client) => <Since client={client} /> },
          { head: "User", cell: ({ user }) => user ?? <span class="faint">none</span> },
          { head: "Address", cell: ({ address }) => address !== null && <Code>{address}</Code> },
          { head: "MQTT", cell: ({ protocol }) => protocol },
        ]}
        empty={
          isFiltered ? (
            <Empty
              title={list.more === undefined ? "No client matches" : "None so far, and there are more to look at"}
            />
          ) : (
            <Empty title="No client has a session here">
              <p>
                Connect one, open a connection in the console, or provision a session for a client that has yet to come.
              </p>
            </Empty>
          )
        }
      />
      {open === "provision" && <Provision onClose={() => setOpen(undefined)} />}
      {open === "kick" && <KickAll filter={filter} onDone={list.resource.reload} onClose={() => setOpen(undefined)} />}
    </Page>
  );
}

export function ClientLink({ clientId }: { readonly clientId: string | null }) {
  if (clientId === null) return <span class="faint">longer than 512 bytes, not kept</span>;
  return (
    <a href={linkTo("clients", clientId)}>
      <Code>{clientId}</Code>
    </a>
  );
}

const tones: Readonly<Record<Client["state"], Tone>> = { connected: "good", away: "plain", provisioned: "warn" };

export function StateBadge({ state }: { readonly state: Client["state"] }) {
  return <Badge tone={tones[state]}>{state}</Badge>;
}

function Since({ client }: { readonly client: Client }) {
  const at = client.state === "connected" ? client.connectedAtMs : client.disconnectedAtMs;
  return at === null ? null : <Time at={at} />;
}

interface KickAllProps {
  readonly filter: Filter;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

function KickAll({ filter, onDone, onClose }: KickAllProps) {
  const kick = async () => {
    let kicked = 0;
    let after: string | null = "";
    while (after !== null) {
      const answer: { kicked: number; next: string | null } = await call("POST /kick", {
        query: { after },
        body: filter,
      });
      kicked += answer.kicked;
      after = answer.next;
    }
    say(`Clients that were disconnected: ${kicked}.`);
    onDone();
  };
  return (
    <FormDialog title="Kick all that match?" action="Kick" isDangerous onSubmit={kick} onClose={onClose}>
      <p>
        Every connected client that matches is disconnected:{" "}
        {Object.entries(filter).map(([name, value]) => (
          <Badge key={name}>
            {name}: {value}
          </Badge>
        ))}
      </p>
      <p>They may come again at once. Their sessions stay.</p>
    </FormDialog>
  );
}
