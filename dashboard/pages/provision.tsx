// Makes a session before its client ever connects: from then on its messages are kept.

import { call } from "../api/call.ts";
import { FormDialog } from "../parts/dialog.tsx";
import { AreaField, choiceOf, exactTextOf, SelectField, TextField, textOf } from "../parts/field.tsx";
import { say } from "../shell/messages.tsx";
import { go, linkTo } from "../shell/place.ts";

const qosLevels = [0, 1, 2] as const;

export function Provision({ onClose }: { readonly onClose: () => void }) {
  const provision = async (form: FormData) => {
    const clientId = textOf(form, "clientId");
    const expiry = textOf(form, "expirySeconds");
    const qos = choiceOf(form, "qos", qosLevels);
    const lines = exactTextOf(form, "subscriptions").split("\n");
    const filters = lines.map((line) => line.trim()).filter((line) => line !== "");
    const { subscriptions } = await call("PUT /sessions/{clientId}", {
      path: { clientId },
      body: {
        expirySeconds: expiry === "" ? null : Number(expiry),
        subscriptions: filters.map((filter) => ({ filter, qos })),
      },
    });
    const refused = subscriptions.filter((one) => one.qos === null).map(({ filter, reason }) => `${filter}: ${reason}`);
    say(refused.length === 0 ? "The session is there." : `The session is there, but without ${refused.join(", ")}.`);
    go(linkTo("clients", clientId));
  };
  return (
    <FormDialog title="Provision a session" action="Make session" onSubmit={provision} onClose={onClose}>
      <p>From now on messages are kept for this client, although it has never connected.</p>
      <TextField name="clientId" label="Client id" required class="code-input" />
      <AreaField name="subscriptions" label="Subscriptions" class="code-input" hint="One topic filter on each line." />
      <div class="fields fields-in-two">
        <SelectField name="qos" label="QoS" choices={qosLevels} value="1" />
        <TextField
          name="expirySeconds"
          label="Session expiry, seconds"
          type="number"
          min={1}
          hint="Leave it empty to wait for ever."
        />
      </div>
    </FormDialog>
  );
}
