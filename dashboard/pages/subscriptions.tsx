// A client's subscriptions, and subscribing on its behalf.

import { useState } from "preact/hooks";
import { call, Problem } from "../api/call.ts";
import { useList } from "../api/list.ts";
import type { Subscription } from "../api/types.ts";
import { FormDialog } from "../parts/dialog.tsx";
import { choiceOf, SelectField, TextField, textOf } from "../parts/field.tsx";
import { Section } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { ListTable } from "../parts/table.tsx";
import { Code } from "../parts/words.tsx";
import { useMay } from "../shell/caller.ts";
import { say } from "../shell/messages.tsx";

const qosLevels = [0, 1, 2] as const;

export function Subscriptions({ clientId }: { readonly clientId: string }) {
  const path = { clientId };
  const list = useList("GET /sessions/{clientId}/subscriptions", { path });
  const mayOperate = useMay("operate");
  const [isAdding, setAdding] = useState(false);
  const [doomed, setDoomed] = useState<Subscription>();
  const add = async (form: FormData) => {
    const subscription = { filter: textOf(form, "filter"), qos: choiceOf(form, "qos", qosLevels) };
    const { subscriptions } = await call("POST /sessions/{clientId}/subscriptions", {
      path,
      body: { subscriptions: [subscription] },
    });
    const [granted] = subscriptions;
    if (granted?.qos === null) {
      throw new Problem(0, `The session refused it: ${granted.reason}.`, "See the limits of this client.");
    }
    say("The subscription holds.");
    list.resource.reload();
  };
  const remove = async () => {
    if (doomed === undefined) return;
    await call("DELETE /sessions/{clientId}/subscriptions", { path, query: { filter: doomed.filter } });
    say("The subscription is gone.");
    list.resource.reload();
  };
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
          { head: "Topic filter", cell: ({ filter }) => <Code>{filter}</Code> },
          { head: "QoS", cell: ({ qos }) => qos },
          { head: "Options", cell: optionsOf },
          {
            head: "Actions",
            kind: "actions",
            cell: (subscription) =>
              mayOperate && (
                <button type="button" class="button button-quiet-bad" onClick={() => setDoomed(subscription)}>
                  Remove
                </button>
              ),
          },
        ]}
        empty={<Empty title="No subscriptions" />}
      />
      {isAdding && (
        <FormDialog title="Add subscription" action="Subscribe" onSubmit={add} onClose={() => setAdding(false)}>
          <p>As if the client had subscribed itself, also while it is away. Access rules are not asked.</p>
          <TextField name="filter" label="Topic filter" required class="code-input" />
          <SelectField name="qos" label="QoS" choices={qosLevels} value="1" />
        </FormDialog>
      )}
      {doomed !== undefined && (
        <FormDialog
          title="Remove the subscription?"
          action="Remove"
          isDangerous
          onSubmit={remove}
          onClose={() => setDoomed(undefined)}
        >
          <p>
            The client gets nothing more by <Code>{doomed.filter}</Code>, until it subscribes again.
          </p>
        </FormDialog>
      )}
    </Section>
  );
}

function optionsOf({ noLocal, retainAsPublished, identifier }: Subscription): string {
  const options = [
    noLocal && "no local",
    retainAsPublished && "retain as published",
    identifier !== null && `identifier ${identifier}`,
  ];
  return options.filter(Boolean).join(", ");
}
