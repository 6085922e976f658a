// The subscriptions of all sessions: who gets what.

import type { TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { useList } from "../api/list.ts";
import { TextField, textOf } from "../parts/field.tsx";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { ListTable } from "../parts/table.tsx";
import { useMay } from "../shell/caller.ts";
import { linkTo } from "../shell/place.ts";
import { ClientLink } from "./clients.tsx";
import { removeColumn, subscriptionColumns } from "./subscription-columns.tsx";
import { AddSubscription, RemoveSubscription } from "./subscription-forms.tsx";

/** What was given of it; nothing: all subscriptions. */
interface Sought {
  readonly filter?: string;
  readonly prefix?: string;
}

interface One {
  readonly clientId: string;
  readonly filter: string;
}

export function AllSubscriptions() {
  const [sought, setSought] = useState<Sought>({});
  const [open, setOpen] = useState<"add" | One>();
  const list = useList("GET /subscriptions", { query: sought });
  const mayOperate = useMay("operate");
  const { reload } = list.resource;
  const search = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const given = ["filter", "prefix"].map((name) => [name, textOf(form, name)]).filter(([, text]) => text !== "");
    setSought(Object.fromEntries(given));
    reload();
  };
  const remove = ({ clientId, filter }: { readonly clientId: string | null; readonly filter: string }) =>
    mayOperate && clientId !== null && webhookIn(clientId) === undefined && (() => setOpen({ clientId, filter }));
  return (
    <Page
      title="Subscriptions"
      about="Of all sessions, also of those whose client is away: who gets which messages."
      actions={
        mayOperate && (
          <button type="button" class="button button-main" onClick={() => setOpen("add")}>
            Add subscription
          </button>
        )
      }
    >
      <form class="toolbar" onSubmit={search}>
        <TextField name="filter" label="This topic filter" type="search" class="code-input" />
        <TextField name="prefix" label="Client id begins with" type="search" class="code-input" />
        <button type="submit" class="button">
          Search
        </button>
      </form>
      <ListTable
        caption="Subscriptions"
        list={list}
        keyOf={({ clientId, filter }) => JSON.stringify([clientId, filter])}
        columns={[
          { head: "Client id", cell: ({ clientId }) => <Subscriber clientId={clientId} /> },
          ...subscriptionColumns,
          removeColumn(remove),
        ]}
        empty={
          Object.keys(sought).length === 0 ? (
            <Empty title="Nobody is subscribed to anything">
              <p>Clients subscribe, and so do operators and session templates on their behalf.</p>
            </Empty>
          ) : (
            <Empty title={list.more === undefined ? "No subscription matches" : "None so far, and there are more"} />
          )
        }
      />
      {open === "add" && <AddSubscription onDone={reload} onClose={() => setOpen(undefined)} />}
      {typeof open === "object" && <RemoveSubscription {...open} onDone={reload} onClose={() => setOpen(undefined)} />}
    </Page>
  );
}

/** A webhook is a session; what it gets is changed with the webhook. */
function webhookIn(clientId: string): string | undefined {
  return /^\$webhook\/(.+)$/.exec(clientId)?.[1];
}

function Subscriber({ clientId }: { readonly clientId: string | null }) {
  const webhook = clientId === null ? undefined : webhookIn(clientId);
  if (webhook === undefined) return <ClientLink clientId={clientId} />;
  return (
    <>
      webhook <a href={linkTo("webhooks", webhook)}>{webhook}</a>
    </>
  );
}
