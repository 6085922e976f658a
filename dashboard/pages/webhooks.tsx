// Webhooks: where messages and events are sent.

import { useState } from "preact/hooks";
import { call } from "../api/call.ts";
import { useList } from "../api/list.ts";
import { SecretDialog } from "../parts/dialog.tsx";
import { textOf } from "../parts/field.tsx";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { ListTable } from "../parts/table.tsx";
import { Badge, Code, Time } from "../parts/words.tsx";
import { useMay } from "../shell/caller.ts";
import { linkTo } from "../shell/place.ts";
import { fieldsOf, WebhookForm } from "./webhook-form.tsx";

export function Webhooks() {
  const list = useList("GET /webhooks", {});
  const mayChange = useMay("admin");
  const [isCreating, setCreating] = useState(false);
  const [secret, setSecret] = useState<string>();
  const create = async (form: FormData) => {
    const made = await call("POST /webhooks", { body: { name: textOf(form, "name"), ...fieldsOf(form) } });
    setSecret(made.secret);
    list.resource.reload();
  };
  return (
    <Page
      title="Webhooks"
      about="Messages and events are sent there, signed, in order, and again until they are taken."
      actions={
        mayChange && (
          <button type="button" class="button button-main" onClick={() => setCreating(true)}>
            New webhook
          </button>
        )
      }
    >
      <ListTable
        caption="Webhooks"
        list={list}
        keyOf={({ name }) => name}
        columns={[
          { head: "Name", cell: ({ name }) => <a href={linkTo("webhooks", name)}>{name}</a> },
          { head: "To", cell: ({ url, queue }) => <Code>{url ?? queue}</Code> },
          {
            head: "Gets",
            cell: ({ filters, events }) => (
              <>
                {filters.map((filter) => (
                  <Code key={filter}>{filter}</Code>
                ))}{" "}
                {events.map((event) => (
                  <Badge key={event}>{event}</Badge>
                ))}
              </>
            ),
          },
          {
            head: "State",
            cell: ({ isPaused }) => <Badge tone={isPaused ? "warn" : "good"}>{isPaused ? "paused" : "active"}</Badge>,
          },
          { head: "Comment", cell: ({ comment }) => comment },
          { head: "Changed", cell: ({ changedAtMs }) => <Time at={changedAtMs} /> },
        ]}
        empty={
          <Empty title="No webhooks">
            <p>A webhook is sent the messages that match its filters, and is told what happens to clients.</p>
          </Empty>
        }
      />
      {isCreating && <WebhookForm onSubmit={create} onClose={() => setCreating(false)} />}
      {secret !== undefined && (
        <SecretDialog title="The webhook’s secret" secret={secret} onClose={() => setSecret(undefined)}>
          The endpoint verifies with it who sends. Keep it now: it is shown this once.
        </SecretDialog>
      )}
    </Page>
  );
}
