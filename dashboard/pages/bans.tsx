// Bans: who may not connect, for a time or for good.

import { useState } from "preact/hooks";
import { call } from "../api/call.ts";
import { useList } from "../api/list.ts";
import type { Ban } from "../api/types.ts";
import { FormDialog } from "../parts/dialog.tsx";
import { choiceOf, SelectField, TextField, textOf, timeOf } from "../parts/field.tsx";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { ListTable } from "../parts/table.tsx";
import { Code, Time, Until } from "../parts/words.tsx";
import { useMay } from "../shell/caller.ts";
import { say } from "../shell/messages.tsx";

const kinds = [
  { value: "client", label: "client id" },
  { value: "user", label: "user" },
  { value: "address", label: "address" },
] as const;

function kindWords(kind: Ban["kind"]): string {
  return kinds.find(({ value }) => value === kind)?.label ?? kind;
}

export function Bans() {
  const list = useList("GET /bans", {});
  const mayChange = useMay("operate");
  const [isCreating, setCreating] = useState(false);
  const [lifted, setLifted] = useState<Ban>();
  const lift = async () => {
    if (lifted === undefined) return;
    await call("DELETE /bans/{kind}/{value}", { path: lifted });
    say("The ban is lifted.");
    list.resource.reload();
  };
  return (
    <Page
      title="Bans"
      about="Client ids, users and addresses that may not connect. A ban takes effect at once."
      actions={
        mayChange && (
          <button type="button" class="button button-main" onClick={() => setCreating(true)}>
            New ban
          </button>
        )
      }
    >
      <ListTable
        caption="Bans"
        list={list}
        keyOf={({ kind, value }) => `${kind}:${value}`}
        columns={[
          { head: "Kind", cell: ({ kind }) => kindWords(kind) },
          { head: "Who", cell: ({ value }) => <Code>{value}</Code> },
          { head: "Ends", cell: ({ untilMs }) => <Until at={untilMs} /> },
          { head: "Comment", cell: ({ comment }) => comment },
          { head: "Since", cell: ({ createdAtMs }) => <Time at={createdAtMs} /> },
          {
            head: "Actions",
            kind: "actions",
            cell: (ban) =>
              mayChange && (
                <button type="button" class="button" onClick={() => setLifted(ban)}>
                  Lift
                </button>
              ),
          },
        ]}
        empty={
          <Empty title="Nobody is banned">
            <p>A ban keeps a client id, a user or an address away, for a time or for good.</p>
          </Empty>
        }
      />
      {isCreating && <NewBan onDone={list.resource.reload} onClose={() => setCreating(false)} />}
      {lifted !== undefined && (
        <FormDialog title="Lift the ban?" action="Lift ban" onSubmit={lift} onClose={() => setLifted(undefined)}>
          <p>
            The {kindWords(lifted.kind)} <Code>{lifted.value}</Code> may connect again.
          </p>
        </FormDialog>
      )}
    </Page>
  );
}

interface NewBanProps {
  readonly kind?: Ban["kind"];
  readonly value?: string;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

export function NewBan({ kind = "client", value = "", onDone, onClose }: NewBanProps) {
  const create = async (form: FormData) => {
    const body = {
      kind: choiceOf(form, "kind", ["client", "user", "address"]),
      value: textOf(form, "value"),
      untilMs: timeOf(form, "untilMs"),
      comment: textOf(form, "comment"),
    };
    await call("POST /bans", { body });
    say("The ban holds.");
    onDone();
  };
  return (
    <FormDialog title="New ban" action="Ban" isDangerous onSubmit={create} onClose={onClose}>
      <SelectField name="kind" label="Kind" value={kind} choices={kinds} />
      <TextField name="value" label="Who" required class="code-input" defaultValue={value} />
      <TextField name="untilMs" label="Ends" type="datetime-local" hint="Leave it empty for a ban without an end." />
      <TextField name="comment" label="Comment" hint="Why; whoever lifts it will want to know." />
    </FormDialog>
  );
}
