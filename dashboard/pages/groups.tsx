// Groups: what several users have in common.

import { useState } from "preact/hooks";
import { call } from "../api/call.ts";
import { useList } from "../api/list.ts";
import type { Group } from "../api/types.ts";
import { FormDialog } from "../parts/dialog.tsx";
import { TextField, textOf } from "../parts/field.tsx";
import { LimitFields, limitsOf, limitWords } from "../parts/limits.tsx";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { changeColumn, ListTable } from "../parts/table.tsx";
import { Time } from "../parts/words.tsx";
import { useMay } from "../shell/caller.ts";
import { say } from "../shell/messages.tsx";

type Open = { readonly form: "new" } | { readonly form: "change" | "delete"; readonly group: Group } | undefined;

export function Groups() {
  const list = useList("GET /groups", {});
  const mayChange = useMay("admin");
  const [open, setOpen] = useState<Open>();
  const done = (text: string) => {
    say(text);
    list.resource.reload();
  };
  const close = () => setOpen(undefined);
  return (
    <Page
      title="Groups"
      about="Rules and limits that several users have in common."
      actions={
        mayChange && (
          <button type="button" class="button button-main" onClick={() => setOpen({ form: "new" })}>
            New group
          </button>
        )
      }
    >
      <ListTable
        caption="Groups"
        list={list}
        keyOf={(group) => group.name}
        columns={[
          { head: "Name", cell: (group) => group.name },
          { head: "Limits", cell: (group) => limitWords(group.limits) || <span class="faint">the deployment’s</span> },
          { head: "Comment", cell: (group) => group.comment },
          { head: "Created", cell: (group) => <Time at={group.createdAtMs} /> },
          changeColumn<Group>(
            mayChange,
            (group) => setOpen({ form: "change", group }),
            (group) => setOpen({ form: "delete", group }),
          ),
        ]}
        empty={
          <Empty title="No groups yet">
            <p>With a group, one rule says what all its members may do.</p>
          </Empty>
        }
      />
      {open?.form === "new" && <NewGroup onDone={done} onClose={close} />}
      {open?.form === "change" && <ChangeGroup group={open.group} onDone={done} onClose={close} />}
      {open?.form === "delete" && <DeleteGroup group={open.group} onDone={done} onClose={close} />}
    </Page>
  );
}

interface FormProps {
  readonly onDone: (text: string) => void;
  readonly onClose: () => void;
}

type GroupProps = FormProps & { readonly group: Group };

function NewGroup({ onDone, onClose }: FormProps) {
  const create = async (form: FormData) => {
    const body = { name: textOf(form, "name"), comment: textOf(form, "comment"), limits: limitsOf(form) };
    await call("POST /groups", { body });
    onDone("The group is made.");
  };
  return (
    <FormDialog title="New group" action="Create group" onSubmit={create} onClose={onClose}>
      <TextField name="name" label="Name" required />
      <TextField name="comment" label="Comment" />
      <LimitFields limits={{}} />
    </FormDialog>
  );
}

function ChangeGroup({ group, onDone, onClose }: GroupProps) {
  const change = async (form: FormData) => {
    const body = { comment: textOf(form, "comment"), limits: limitsOf(form) };
    await call("PATCH /groups/{name}", { path: { name: group.name }, body });
    onDone("The group is changed.");
  };
  return (
    <FormDialog title={`Change ${group.name}`} action="Save" onSubmit={change} onClose={onClose}>
      <TextField name="comment" label="Comment" defaultValue={group.comment} />
      <LimitFields limits={group.limits} />
    </FormDialog>
  );
}

function DeleteGroup({ group, onDone, onClose }: GroupProps) {
  const remove = async () => {
    await call("DELETE /groups/{name}", { path: { name: group.name } });
    onDone("The group is gone.");
  };
  return (
    <FormDialog title={`Delete ${group.name}?`} action="Delete group" isDangerous onSubmit={remove} onClose={onClose}>
      <p>Its rules go with it; its members stay, without what it gave them.</p>
    </FormDialog>
  );
}
