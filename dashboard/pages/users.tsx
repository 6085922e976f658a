// Users: who may connect.

import { useState } from "preact/hooks";
import { call } from "../api/call.ts";
import { useList } from "../api/list.ts";
import type { User } from "../api/types.ts";
import { FormDialog } from "../parts/dialog.tsx";
import { CheckFields, exactTextOf, TextField, textOf, textsOf } from "../parts/field.tsx";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { ListTable } from "../parts/table.tsx";
import { Badge, Time } from "../parts/words.tsx";
import { useMay } from "../shell/caller.ts";
import { go, linkTo } from "../shell/place.ts";

export function Users() {
  const list = useList("GET /users", {});
  const mayChange = useMay("admin");
  const [isCreating, setCreating] = useState(false);
  return (
    <Page
      title="Users"
      about="Who may connect with a password or a device key. What they may do, rules say."
      actions={
        mayChange && (
          <button type="button" class="button button-main" onClick={() => setCreating(true)}>
            New user
          </button>
        )
      }
    >
      <ListTable
        caption="Users"
        list={list}
        keyOf={(user) => user.name}
        columns={[
          { head: "Name", cell: (user) => <a href={linkTo("users", user.name)}>{user.name}</a> },
          { head: "State", cell: (user) => <UserState user={user} /> },
          { head: "Groups", cell: (user) => user.groups.join(", ") || <span class="faint">none</span> },
          { head: "Comment", cell: (user) => user.comment },
          { head: "Changed", cell: (user) => <Time at={user.changedAtMs} /> },
        ]}
        empty={
          <Empty title="No users yet">
            <p>Make one for each device or person that connects, or one for many devices with a key each.</p>
          </Empty>
        }
      />
      {isCreating && <NewUser onClose={() => setCreating(false)} />}
    </Page>
  );
}

export function UserState({ user }: { readonly user: User }) {
  if (user.disabled) return <Badge tone="bad">disabled</Badge>;
  return user.hasPassword ? <Badge tone="good">enabled</Badge> : <Badge>no password</Badge>;
}

export const passwordHint = "At least 8 characters. Leave it empty for a user who shows a device key or a token.";

function NewUser({ onClose }: { readonly onClose: () => void }) {
  const groups = useList("GET /groups", {}).resource;
  const create = async (form: FormData) => {
    const password = exactTextOf(form, "password");
    const user = await call("POST /users", {
      body: {
        name: textOf(form, "name"),
        ...(password === "" ? {} : { password }),
        groups: textsOf(form, "groups"),
        comment: textOf(form, "comment"),
      },
    });
    go(linkTo("users", user.name));
  };
  return (
    <FormDialog title="New user" action="Create user" onSubmit={create} onClose={onClose}>
      <TextField name="name" label="Name" required hint="What the client sends as its user name." />
      <TextField name="password" label="Password" type="password" autocomplete="new-password" hint={passwordHint} />
      {groups.state === "ready" && groups.value.length > 0 && (
        <CheckFields
          legend="Groups"
          name="groups"
          choices={groups.value.map(({ name, comment }) => ({ value: name, label: name, hint: comment }))}
        />
      )}
      <TextField name="comment" label="Comment" />
    </FormDialog>
  );
}
