// Subscribing and unsubscribing on a client's behalf.

import { call, Problem } from "../api/call.ts";
import { FormDialog } from "../parts/dialog.tsx";
import { choiceOf, SelectField, TextField, textOf } from "../parts/field.tsx";
import { Code } from "../parts/words.tsx";
import { say } from "../shell/messages.tsx";

const qosLevels = [0, 1, 2] as const;

interface FormProps {
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** Asks for the client id unless it is given. */
export function AddSubscription({ clientId, onDone, onClose }: FormProps & { readonly clientId?: string }) {
  const add = async (form: FormData) => {
    const subscription = { filter: textOf(form, "filter"), qos: choiceOf(form, "qos", qosLevels) };
    const { subscriptions } = await call("POST /sessions/{clientId}/subscriptions", {
      path: { clientId: clientId ?? textOf(form, "clientId") },
      body: { subscriptions: [subscription] },
    });
    const [granted] = subscriptions;
    if (granted?.qos === null) {
      throw new Problem(0, `The session refused it: ${granted.reason}.`, "See the limits of this client.");
    }
    say("The subscription holds.");
    onDone();
  };
  return (
    <FormDialog title="Add subscription" action="Subscribe" onSubmit={add} onClose={onClose}>
      <p>As if the client had subscribed itself, also while it is away. Access rules are not asked.</p>
      {clientId === undefined && <TextField name="clientId" label="Client id" required class="code-input" />}
      <TextField name="filter" label="Topic filter" required class="code-input" />
      <SelectField name="qos" label="QoS" choices={qosLevels} value="1" />
    </FormDialog>
  );
}

interface RemoveProps extends FormProps {
  readonly clientId: string;
  readonly filter: string;
}

export function RemoveSubscription({ clientId, filter, onDone, onClose }: RemoveProps) {
  const remove = async () => {
    await call("DELETE /sessions/{clientId}/subscriptions", { path: { clientId }, query: { filter } });
    say("The subscription is gone.");
    onDone();
  };
  return (
    <FormDialog title="Remove the subscription?" action="Remove" isDangerous onSubmit={remove} onClose={onClose}>
      <p>
        <Code>{clientId}</Code> gets nothing more by <Code>{filter}</Code>, until it subscribes again.
      </p>
    </FormDialog>
  );
}
