// What the connection is subscribed to.

import { CheckField, choiceOf, SelectField, TextField, textOf } from "../parts/field.tsx";
import { Code } from "../parts/words.tsx";
import { useAction } from "./action.ts";
import type { Connection } from "./connection.ts";
import { OutcomeLine } from "./outcome.tsx";

const qosLevels = [0, 1, 2] as const;

export function Subscriptions({ connection }: { readonly connection: Connection }) {
  const { isBusy, outcome, submit } = useAction(async (form) => {
    const filter = textOf(form, "filter");
    await connection.subscribe(filter, {
      qos: choiceOf(form, "subscribeQos", qosLevels),
      noLocal: form.has("noLocal"),
      retainAsPublished: form.has("retainAsPublished"),
      retainHandling: choiceOf(form, "retainHandling", qosLevels),
    });
    return `Subscribed to ${filter}.`;
  });
  return (
    <section class="panel">
      <h2>Subscribe</h2>
      <form onSubmit={submit}>
        <div class="line">
          <TextField name="filter" label="Topic filter" required class="code-input" defaultValue="#" />
          <SelectField name="subscribeQos" label="QoS" choices={qosLevels} value="1" />
          <button type="submit" class="button button-main" disabled={isBusy || connection.state !== "connected"}>
            Subscribe
          </button>
        </div>
        <details class="more-options">
          <summary>Options</summary>
          <div class="fields fields-in-two">
            <CheckField name="noLocal" label="No local" hint="Not what this connection publishes itself." />
            <CheckField name="retainAsPublished" label="Retain as published" />
            <SelectField
              name="retainHandling"
              label="Retained messages"
              choices={[
                { value: "0", label: "send" },
                { value: "1", label: "send if the subscription is new" },
                { value: "2", label: "do not send" },
              ]}
              value="0"
            />
          </div>
        </details>
        <OutcomeLine outcome={outcome} />
      </form>
      {connection.subscriptions.size > 0 && (
        <ul class="chips" aria-label="Subscriptions">
          {[...connection.subscriptions].map(([filter, qos]) => (
            <li key={filter} class="chip">
              <Code>{filter}</Code>
              <span class="faint">QoS {qos}</span>
              <button
                type="button"
                class="chip-button"
                aria-label={`Unsubscribe from ${filter}`}
                onClick={() => void connection.unsubscribe(filter)}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
