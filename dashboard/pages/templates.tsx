// Session templates: what sessions have from their first moment, by the client ids that they are made for.

import { useState } from "preact/hooks";
import { call } from "../api/call.ts";
import { useList } from "../api/list.ts";
import type { SessionTemplate } from "../api/types.ts";
import { FormDialog } from "../parts/dialog.tsx";
import { AreaField, choiceOf, exactTextOf, SelectField, TextField, textOf } from "../parts/field.tsx";
import { LimitFields, limitsOf, limitWords } from "../parts/limits.tsx";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { changeColumn, ListTable } from "../parts/table.tsx";
import { useMay } from "../shell/caller.ts";
import { say } from "../shell/messages.tsx";

type Limits = SessionTemplate["limits"];
type Subscription = SessionTemplate["subscriptions"][number];

const limitNames = [
  "queueMessagesMax",
  "queueBytesMax",
  "inflightMax",
  "subscriptionsMax",
  "sessionExpirySecondsMax",
] as const;

const policies = ["reject", "drop-oldest", "drop-newest"] as const;
const asDeployment = { value: "", label: "as the deployment says" };
const qosLevels = [0, 1, 2] as const;

type Open = { readonly form: "new" } | { readonly form: "change" | "delete"; readonly template: SessionTemplate };

export function Templates() {
  const list = useList("GET /templates", {});
  const mayChange = useMay("operate");
  const [open, setOpen] = useState<Open>();
  const done = (text: string) => {
    say(text);
    list.resource.reload();
  };
  const close = () => setOpen(undefined);
  return (
    <Page
      title="Session templates"
      about="What sessions have from their first moment, by the client ids that they are made for. Of several that fit, the lowest position counts."
      actions={
        mayChange && (
          <button type="button" class="button button-main" onClick={() => setOpen({ form: "new" })}>
            New template
          </button>
        )
      }
    >
      <ListTable
        caption="Session templates"
        list={list}
        keyOf={(template) => template.name}
        columns={[
          { head: "Name", cell: (template) => template.name },
          { head: "Position", kind: "number", cell: (template) => template.position },
          { head: "Client ids", cell: (template) => <code>{template.pattern}</code> },
          { head: "Subscriptions", cell: (template) => template.subscriptions.map(lineOf).join(", ") },
          { head: "Limits", cell: (template) => wordsOf(template.limits) },
          { head: "Comment", cell: (template) => template.comment },
          changeColumn<SessionTemplate>(
            mayChange,
            (template) => setOpen({ form: "change", template }),
            (template) => setOpen({ form: "delete", template }),
          ),
        ]}
        empty={
          <Empty title="No templates yet">
            <p>With one, a client has its subscriptions and limits before it asks for anything.</p>
          </Empty>
        }
      />
      {open?.form === "new" && <TemplateForm template={undefined} onDone={done} onClose={close} />}
      {open?.form === "change" && <TemplateForm template={open.template} onDone={done} onClose={close} />}
      {open?.form === "delete" && <DeleteTemplate template={open.template} onDone={done} onClose={close} />}
    </Page>
  );
}

interface FormProps {
  readonly onDone: (text: string) => void;
  readonly onClose: () => void;
}

function TemplateForm({ template, onDone, onClose }: FormProps & { readonly template: SessionTemplate | undefined }) {
  const save = async (form: FormData) => {
    const policy = choiceOf(form, "queuePolicy", ["", ...policies]);
    const body = {
      position: Number(textOf(form, "position")),
      pattern: exactTextOf(form, "pattern"),
      subscriptions: exactTextOf(form, "subscriptions")
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "")
        .map((line) => subscriptionOf(line, template?.subscriptions ?? [])),
      limits: { ...limitsOf(form), ...(policy === "" ? {} : { queuePolicy: policy }) },
      comment: textOf(form, "comment"),
    };
    await call("PUT /templates/{name}", { path: { name: template?.name ?? textOf(form, "name") }, body });
    onDone(template === undefined ? "The template is made." : "The template is changed.");
  };
  const limits: Limits = template?.limits ?? {};
  return (
    <FormDialog
      title={template === undefined ? "New session template" : `Change ${template.name}`}
      action="Save"
      onSubmit={save}
      onClose={onClose}
    >
      {template === undefined && <TextField name="name" label="Name" required />}
      <div class="fields fields-in-two">
        <TextField
          name="pattern"
          label="Client ids"
          required
          class="code-input"
          defaultValue={template?.pattern}
          hint="* stands for any characters: sensor-*"
        />
        <TextField
          name="position"
          label="Position"
          type="number"
          min={0}
          step={1}
          defaultValue={template?.position ?? 1000}
        />
      </div>
      <AreaField
        name="subscriptions"
        label="Subscriptions"
        class="code-input"
        defaultValue={template?.subscriptions.map(lineOf).join("\n") ?? ""}
        hint="A topic filter on each line, with its QoS behind it: devices/%c/# 1. %c is the client id, %u the user."
      />
      <LimitFields limits={limits} names={limitNames} min={1}>
        <SelectField
          name="queuePolicy"
          label="When the queue is full"
          choices={[asDeployment, ...policies]}
          value={limits.queuePolicy ?? ""}
        />
      </LimitFields>
      <TextField name="comment" label="Comment" defaultValue={template?.comment} />
    </FormDialog>
  );
}

function DeleteTemplate({ template, onDone, onClose }: FormProps & { readonly template: SessionTemplate }) {
  const remove = async () => {
    await call("DELETE /templates/{name}", { path: { name: template.name } });
    onDone("The template is gone.");
  };
  return (
    <FormDialog
      title={`Delete ${template.name}?`}
      action="Delete template"
      isDangerous
      onSubmit={remove}
      onClose={onClose}
    >
      <p>Sessions that were made with it stay as they are.</p>
    </FormDialog>
  );
}

function lineOf({ filter, qos }: Subscription): string {
  return `${filter} ${qos}`;
}

/** The other options of one that is there stay as they are. */
function subscriptionOf(line: string, before: readonly Subscription[]): Partial<Subscription> & { filter: string } {
  const [, filter = line, level] = /^(.*\S)\s+([012])$/.exec(line) ?? [];
  const qos = qosLevels.find((one) => `${one}` === level) ?? 1;
  return { ...before.find((one) => one.filter === filter), filter, qos };
}

function wordsOf(limits: Limits): string {
  return [limitWords(limits), limits.queuePolicy].filter(Boolean).join("; ");
}
