// A client's subscriptions, and subscribing on its behalf.

import { useState } from "preact/hooks";
import { useList } from "../api/list.ts";
import type { Subscription } from "../api/types.ts";
import { Section } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { ListTable } from "../parts/table.tsx";
import { useMay } from "../shell/caller.ts";
import { removeColumn, subscriptionColumns } from "./subscription-columns.tsx";
import { AddSubscription, RemoveSubscription } from "./subscription-forms.tsx";

export function Subscriptions({ clientId }: { readonly clientId: string }) {
  const list = useList("GET /sessions/{clientId}/subscriptions", { path: { clientId } });
  const mayOperate = useMay("operate");
  const [isAdding, setAdding] = useState(false);
  const [doomed, setDoomed] = useState<string>();
  const { reload } = list.resource;
  return (
    <Section
      title="Subscriptions"
      actions={
        mayOperate && (
          <button type="button" class="button" onClick={() => setAdding(true)}>
            Add subscription
          </button>
        )
      }
    >
      <ListTable
        caption="Subscriptions"
        list={list}
        keyOf={({ filter }) => filter}
        columns={[
          ...subscriptionColumns,
          removeColumn<Subscription>(({ filter }) => mayOperate && (() => setDoomed(filter))),
        ]}
        empty={<Empty title="No subscriptions" />}
      />
      {isAdding && <AddSubscription clientId={clientId} onDone={reload} onClose={() => setAdding(false)} />}
      {doomed !== undefined && (
        <RemoveSubscription clientId={clientId} filter={doomed} onDone={reload} onClose={() => setDoomed(undefined)} />
      )}
    </Section>
  );
}
