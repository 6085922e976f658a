// The form by which a webhook is made and changed.

import { eventTypes } from "../../src/directory/event-types.ts";
import type { Webhook } from "../api/types.ts";
import { FormDialog } from "../parts/dialog.tsx";
import { AreaField, CheckFields, choicesOf, TextField, textOf } from "../parts/field.tsx";

export function fieldsOf(form: FormData) {
  const [url, queue] = [textOf(form, "url"), textOf(form, "queue")];
  return {
    ...(url === "" ? {} : { url }),
    ...(queue === "" ? {} : { queue }),
    filters: textOf(form, "filters")
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== ""),
    events: choicesOf(form, "events", eventTypes),
    comment: textOf(form, "comment"),
  };
}

interface WebhookFormProps {
  readonly webhook?: Webhook;
  readonly onSubmit: (form: FormData) => Promise<void>;
  readonly onClose: () => void;
}

export function WebhookForm({ webhook, onSubmit, onClose }: WebhookFormProps) {
  const isNew = webhook === undefined;
  return (
    <FormDialog
      title={isNew ? "New webhook" : `Change ${webhook.name}`}
      action={isNew ? "Create webhook" : "Save"}
      onSubmit={onSubmit}
      onClose={onClose}
    >
      {isNew && <TextField name="name" label="Name" required hint="Letters, digits, - and _." />}
      <TextField
        name="url"
        label="Address"
        class="code-input"
        defaultValue={webhook?.url ?? ""}
        hint="Of the endpoint: https. Or leave it empty, and name a queue."
      />
      <TextField
        name="queue"
        label="Queue"
        class="code-input"
        defaultValue={webhook?.queue ?? ""}
        hint="A producer binding of the deployment, such as EVENTS_QUEUE."
      />
      <AreaField
        name="filters"
        label="Topic filters"
        class="code-input"
        defaultValue={webhook?.filters.join("\n") ?? ""}
        hint="One on each line. Messages that match any of them are sent."
      />
      <CheckFields legend="Events" name="events" choices={eventTypes} chosen={webhook?.events ?? []} />
      <TextField name="comment" label="Comment" defaultValue={webhook?.comment ?? ""} />
    </FormDialog>
  );
}
