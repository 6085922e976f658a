// Keys of the HTTP API and of this page.

import { useState } from "preact/hooks";
import { call } from "../api/call.ts";
import { useList } from "../api/list.ts";
import type { ApiKey } from "../api/types.ts";
import { FormDialog, SecretDialog } from "../parts/dialog.tsx";
import { CheckFields, choicesOf, TextField, textOf, timeOf } from "../parts/field.tsx";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { ListTable } from "../parts/table.tsx";
import { Badge, Code, Time, Until } from "../parts/words.tsx";
import { say } from "../shell/messages.tsx";

const scopes = [
  { value: "read", label: "read", hint: "Look at everything but keys and the audit log." },
  { value: "operate", label: "operate", hint: "What read may, and act on clients and bans." },
  { value: "publish", label: "publish", hint: "Publish messages, and nothing else." },
  { value: "admin", label: "admin", hint: "Everything." },
] as const;

export function ApiKeys() {
  const list = useList("GET /api-keys", {});
  const [isCreating, setCreating] = useState(false);
  const [secret, setSecret] = useState<string>();
  const [doomed, setDoomed] = useState<ApiKey>();
  const create = async (form: FormData) => {
    const body = {
      name: textOf(form, "name"),
      scopes: choicesOf(
        form,
        "scopes",
        scopes.map(({ value }) => value),
      ),
      expiresAtMs: timeOf(form, "expiresAtMs"),
    };
    const { key } = await call("POST /api-keys", { body });
    setSecret(key);
    list.resource.reload();
  };
  const remove = async () => {
    if (doomed === undefined) return;
    await call("DELETE /api-keys/{id}", { path: { id: doomed.id } });
    say("The API key is gone.");
    list.resource.reload();
  };
  return (
    <Page
      title="API keys"
      about="They open the HTTP API and this page. One for each person and program can be taken back alone."
      actions={
        <button type="button" class="button button-main" onClick={() => setCreating(true)}>
          New API key
        </button>
      }
    >
      <ListTable
        caption="API keys"
        list={list}
        keyOf={(key) => key.id}
        columns={[
          { head: "Name", cell: (key) => key.name },
          { head: "Key", cell: (key) => <Code>{key.id}</Code> },
          { head: "Scopes", cell: (key) => key.scopes.map((scope) => <Badge key={scope}>{scope}</Badge>) },
          { head: "Created", cell: (key) => <Time at={key.createdAtMs} /> },
          { head: "Expires", cell: (key) => <Until at={key.expiresAtMs} /> },
          {
            head: "Actions",
            kind: "actions",
            cell: (key) => (
              <button type="button" class="button button-quiet-bad" onClick={() => setDoomed(key)}>
                Delete
              </button>
            ),
          },
        ]}
        empty={
          <Empty title="No API keys yet">
            <p>So far, only the deployment’s own ADMIN_KEY opens the API. Make keys that may do less.</p>
          </Empty>
        }
      />
      {isCreating && (
        <FormDialog title="New API key" action="Create key" onSubmit={create} onClose={() => setCreating(false)}>
          <TextField name="name" label="Name" required hint="Who or what it is for. The audit log says it." />
          <CheckFields legend="Scopes" name="scopes" choices={scopes} chosen={["read"]} />
          <TextField
            name="expiresAtMs"
            label="Expires"
            type="datetime-local"
            hint="Leave it empty for a key without an end."
          />
        </FormDialog>
      )}
      {secret !== undefined && (
        <SecretDialog title="The new API key" secret={secret} onClose={() => setSecret(undefined)}>
          Keep it now: it is shown this once.
        </SecretDialog>
      )}
      {doomed !== undefined && (
        <FormDialog
          title={`Delete the key ${doomed.name}?`}
          action="Delete key"
          isDangerous
          onSubmit={remove}
          onClose={() => setDoomed(undefined)}
        >
          <p>Whoever calls with it is refused from then on.</p>
        </FormDialog>
      )}
    </Page>
  );
}
