// One user: state, password, groups, limits, device keys, and the rules that name it.

import { useState } from "preact/hooks";
import { call } from "../api/call.ts";
import { all, useList } from "../api/list.ts";
import { useResource } from "../api/resource.ts";
import type { DeviceKey, User } from "../api/types.ts";
import { FormDialog, SecretDialog } from "../parts/dialog.tsx";
import { CheckField, CheckFields, exactTextOf, TextField, textOf, textsOf, timeOf } from "../parts/field.tsx";
import { LimitFields, limitFacts, limitsOf } from "../parts/limits.tsx";
import { Facts, Page, Section } from "../parts/page.tsx";
import { Empty, WhenReady } from "../parts/states.tsx";
import { Table } from "../parts/table.tsx";
import { Code, Time, Until } from "../parts/words.tsx";
import { useMay } from "../shell/caller.ts";
import { say } from "../shell/messages.tsx";
import { go, linkTo } from "../shell/place.ts";
import { ruleColumns } from "./rules.tsx";
import { passwordHint, UserState } from "./users.tsx";

type Open = "change" | "password" | "delete" | undefined;

export function UserPage({ name }: { readonly name: string }) {
  const user = useResource(name, (signal) => call("GET /users/{name}", { path: { name }, signal }));
  const mayChange = useMay("admin");
  const [open, setOpen] = useState<Open>();
  const close = () => setOpen(undefined);
  const changed = (text: string) => {
    say(text);
    user.reload();
  };
  return (
    <Page
      title={name}
      back={{ href: linkTo("users"), label: "Users" }}
      actions={
        mayChange &&
        user.state === "ready" && (
          <>
            <button type="button" class="button" onClick={() => setOpen("change")}>
              Change
            </button>
            <button type="button" class="button" onClick={() => setOpen("password")}>
              Set password
            </button>
            <button type="button" class="button button-quiet-bad" onClick={() => setOpen("delete")}>
              Delete
            </button>
          </>
        )
      }
    >
      <WhenReady resource={user}>
        {(value) => (
          <>
            <UserFacts user={value} />
            <DeviceKeys name={name} />
            <RulesOfUser name={name} />
            {open === "change" && <ChangeUser user={value} onChanged={changed} onClose={close} />}
            {open === "password" && <SetPassword user={value} onChanged={changed} onClose={close} />}
            {open === "delete" && <DeleteUser user={value} onClose={close} />}
          </>
        )}
      </WhenReady>
    </Page>
  );
}

function UserFacts({ user }: { readonly user: User }) {
  return (
    <Facts
      facts={[
        { name: "State", value: <UserState user={user} /> },
        { name: "Password", value: user.hasPassword ? "set" : "none" },
        { name: "Groups", value: user.groups.join(", ") || "none" },
        { name: "Comment", value: user.comment || "none" },
        { name: "Created", value: <Time at={user.createdAtMs} /> },
        { name: "Changed", value: <Time at={user.changedAtMs} /> },
        ...limitFacts(user.limits),
      ]}
    />
  );
}

interface ChangeProps {
  readonly user: User;
  readonly onChanged: (text: string) => void;
  readonly onClose: () => void;
}

function ChangeUser({ user, onChanged, onClose }: ChangeProps) {
  const groups = useResource("groups", () => all("GET /groups", {}));
  const change = async (form: FormData) => {
    await call("PATCH /users/{name}", {
      path: { name: user.name },
      body: {
        disabled: form.has("disabled"),
        comment: textOf(form, "comment"),
        limits: limitsOf(form),
        ...(groups.state === "ready" ? { groups: textsOf(form, "groups") } : {}),
      },
    });
    onChanged("The user is changed.");
  };
  return (
    <FormDialog title={`Change ${user.name}`} action="Save" onSubmit={change} onClose={onClose}>
      <CheckField
        name="disabled"
        label="Disabled"
        defaultChecked={user.disabled}
        hint="May not connect; whoever is connected as this user is cut off."
      />
      {groups.state === "ready" && groups.value.length > 0 && (
        <CheckFields
          legend="Groups"
          name="groups"
          chosen={user.groups}
          choices={groups.value.map((group) => ({ value: group.name, label: group.name }))}
        />
      )}
      <TextField name="comment" label="Comment" defaultValue={user.comment} />
      <LimitFields limits={user.limits} />
    </FormDialog>
  );
}

function SetPassword({ user, onChanged, onClose }: ChangeProps) {
  const change = async (form: FormData) => {
    const password = exactTextOf(form, "password");
    await call("PATCH /users/{name}", {
      path: { name: user.name },
      body: { password: password === "" ? null : password },
    });
    onChanged(password === "" ? "The password is gone." : "The password is set.");
  };
  return (
    <FormDialog title="Set password" action="Save" onSubmit={change} onClose={onClose}>
      <TextField name="password" label="New password" type="password" autocomplete="new-password" hint={passwordHint} />
    </FormDialog>
  );
}

function DeleteUser({ user, onClose }: Omit<ChangeProps, "onChanged">) {
  const remove = async () => {
    await call("DELETE /users/{name}", { path: { name: user.name } });
    say(`The user ${user.name} is gone.`);
    go(linkTo("users"));
  };
  return (
    <FormDialog title={`Delete ${user.name}?`} action="Delete user" isDangerous onSubmit={remove} onClose={onClose}>
      <p>Its device keys and its rules go with it. Whoever is connected as this user is cut off.</p>
    </FormDialog>
  );
}

function DeviceKeys({ name }: { readonly name: string }) {
  const keys = useResource(name, (signal) => call("GET /users/{name}/keys", { path: { name }, signal }));
  const mayChange = useMay("admin");
  const [isCreating, setCreating] = useState(false);
  const [secret, setSecret] = useState<string>();
  const [doomed, setDoomed] = useState<DeviceKey>();
  const create = async (form: FormData) => {
    const body = { comment: textOf(form, "comment"), expiresAtMs: timeOf(form, "expiresAtMs") };
    const { key } = await call("POST /users/{name}/keys", { path: { name }, body });
    setSecret(key);
    keys.reload();
  };
  const remove = async () => {
    if (doomed === undefined) return;
    await call("DELETE /users/{name}/keys/{id}", { path: { name, id: doomed.id } });
    say("The device key is gone.");
    keys.reload();
  };
  return (
    <Section
      title="Device keys"
      actions={
        mayChange && (
          <button type="button" class="button" onClick={() => setCreating(true)}>
            New device key
          </button>
        )
      }
    >
      <WhenReady resource={keys}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No device keys">
              <p>A device sends its key as its password. One key for each device can be taken back alone.</p>
            </Empty>
          ) : (
            <Table
              caption="Device keys"
              rows={items}
              keyOf={(key) => key.id}
              columns={[
                { head: "Key", cell: (key) => <Code>{key.id}</Code> },
                { head: "Comment", cell: (key) => key.comment },
                { head: "Created", cell: (key) => <Time at={key.createdAtMs} /> },
                { head: "Expires", cell: (key) => <Until at={key.expiresAtMs} /> },
                {
                  head: "Actions",
                  kind: "actions",
                  cell: (key) =>
                    mayChange && (
                      <button type="button" class="button button-quiet-bad" onClick={() => setDoomed(key)}>
                        Delete
                      </button>
                    ),
                },
              ]}
            />
          )
        }
      </WhenReady>
      {isCreating && (
        <FormDialog title="New device key" action="Create key" onSubmit={create} onClose={() => setCreating(false)}>
          <TextField name="comment" label="Comment" hint="Which device it is for." />
          <TextField
            name="expiresAtMs"
            label="Expires"
            type="datetime-local"
            hint="Leave it empty for a key without an end."
          />
        </FormDialog>
      )}
      {secret !== undefined && (
        <SecretDialog title="The new device key" secret={secret} onClose={() => setSecret(undefined)}>
          Put it into the device now: it is shown this once.
        </SecretDialog>
      )}
      {doomed !== undefined && (
        <FormDialog
          title="Delete the device key?"
          action="Delete key"
          isDangerous
          onSubmit={remove}
          onClose={() => setDoomed(undefined)}
        >
          <p>The device that shows it is cut off, and cannot come back with it.</p>
        </FormDialog>
      )}
    </Section>
  );
}

function RulesOfUser({ name }: { readonly name: string }) {
  const { resource } = useList("GET /rules", { query: { subjectKind: "user", subject: name } });
  return (
    <Section title="Rules that name this user" actions={<a href={linkTo("rules")}>All rules</a>}>
      <WhenReady resource={resource}>
        {(rules) =>
          rules.length === 0 ? (
            <Empty title="No rule names this user" />
          ) : (
            <Table caption="Rules" rows={rules} keyOf={(rule) => rule.id} columns={ruleColumns} />
          )
        }
      </WhenReady>
    </Section>
  );
}
