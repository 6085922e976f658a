// Access rules, in the order in which they are tried.

import { useState } from "preact/hooks";
import { call } from "../api/call.ts";
import { all } from "../api/list.ts";
import { useResource } from "../api/resource.ts";
import type { Rule } from "../api/types.ts";
import { FormDialog } from "../parts/dialog.tsx";
import { CheckFields, choiceOf, choicesOf, SelectField, TextField, textOf } from "../parts/field.tsx";
import { Page } from "../parts/page.tsx";
import { Empty, WhenReady } from "../parts/states.tsx";
import { type Column, changeColumn, Table } from "../parts/table.tsx";
import { Badge, Code } from "../parts/words.tsx";
import { useMay } from "../shell/caller.ts";
import { say } from "../shell/messages.tsx";
import { Simulator } from "./simulator.tsx";

const effects = ["allow", "deny"] as const;
const kinds = ["user", "group", "client", "everyone"] as const;
const qosLevels = [0, 1, 2] as const;

const actionWords: Readonly<Record<Rule["action"], string>> = {
  all: "publish and subscribe",
  publish: "publish",
  subscribe: "subscribe",
};

export const ruleColumns: readonly Column<Rule>[] = [
  { head: "Position", kind: "number", cell: ({ position }) => position },
  { head: "Effect", cell: ({ effect }) => <Badge tone={effect === "allow" ? "good" : "bad"}>{effect}</Badge> },
  {
    head: "Who",
    cell: ({ subjectKind, subject }) => (subjectKind === "everyone" ? "everyone" : `${subjectKind} ${subject}`),
  },
  { head: "May", cell: ({ action }) => actionWords[action] },
  { head: "Topics", cell: ({ filter }) => <Code>{filter}</Code> },
  { head: "Only", cell: (rule) => conditionOf(rule) },
  { head: "Comment", cell: ({ comment }) => comment },
];

function conditionOf({ qos, retain }: Rule): string {
  const parts = [
    qos !== undefined && `QoS ${qos.join(" or ")}`,
    retain !== undefined && (retain ? "retained" : "not retained"),
  ];
  return parts.filter(Boolean).join(", ");
}

type Open = { readonly form: "new" } | { readonly form: "change" | "delete"; readonly rule: Rule } | undefined;

export function Rules() {
  const rules = useResource("rules", () => all("GET /rules", {}));
  const mayChange = useMay("admin");
  const [open, setOpen] = useState<Open>();
  const close = () => setOpen(undefined);
  const done = (text: string) => {
    say(text);
    rules.reload();
  };
  return (
    <Page
      title="Rules"
      about="Tried from the lowest position up; the first that fits decides."
      actions={
        mayChange && (
          <button type="button" class="button button-main" onClick={() => setOpen({ form: "new" })}>
            New rule
          </button>
        )
      }
    >
      <WhenReady resource={rules}>
        {(value) =>
          value.length === 0 ? (
            <Empty title="No rules yet">
              <p>A rule allows or denies a user, a group, a client or everyone to publish or subscribe to topics.</p>
            </Empty>
          ) : (
            <Table
              caption="Rules"
              rows={value.toSorted((a, b) => a.position - b.position || (a.id < b.id ? -1 : 1))}
              keyOf={(rule) => rule.id}
              columns={[
                ...ruleColumns,
                changeColumn<Rule>(
                  mayChange,
                  (rule) => setOpen({ form: "change", rule }),
                  (rule) => setOpen({ form: "delete", rule }),
                ),
              ]}
            />
          )
        }
      </WhenReady>
      <Simulator />
      {open?.form === "new" && <RuleForm onDone={done} onClose={close} />}
      {open?.form === "change" && <RuleForm rule={open.rule} onDone={done} onClose={close} />}
      {open?.form === "delete" && <DeleteRule rule={open.rule} onDone={done} onClose={close} />}
    </Page>
  );
}

interface RuleFormProps {
  readonly rule?: Rule;
  readonly onDone: (text: string) => void;
  readonly onClose: () => void;
}

function RuleForm({ rule, onDone, onClose }: RuleFormProps) {
  const [kind, setKind] = useState(rule?.subjectKind ?? "user");
  const [action, setAction] = useState(rule?.action ?? "all");
  const save = async (form: FormData) => {
    const qos = choicesOf(form, "qos", qosLevels);
    const retain = textOf(form, "retain");
    const body = {
      position: Number(textOf(form, "position")),
      effect: choiceOf(form, "effect", effects),
      action,
      subjectKind: kind,
      ...(kind === "everyone" ? {} : { subject: textOf(form, "subject") }),
      filter: textOf(form, "filter"),
      ...(qos.length === 0 ? {} : { qos }),
      ...(retain === "" ? {} : { retain: retain === "yes" }),
      comment: textOf(form, "comment"),
    };
    if (rule === undefined) await call("POST /rules", { body });
    else await call("PUT /rules/{id}", { path: { id: rule.id }, body });
    onDone(rule === undefined ? "The rule is made." : "The rule is changed.");
  };
  return (
    <FormDialog
      title={rule === undefined ? "New rule" : "Change rule"}
      action={rule === undefined ? "Create rule" : "Save"}
      onSubmit={save}
      onClose={onClose}
    >
      <div class="fields fields-in-two">
        <SelectField name="effect" label="Effect" value={rule?.effect ?? "allow"} choices={effects} />
        <TextField
          name="position"
          label="Position"
          type="number"
          min={0}
          required
          defaultValue={rule?.position ?? 1000}
        />
        <SelectField
          name="subjectKind"
          label="Who"
          value={kind}
          choices={kinds}
          onChange={(event) => setKind(event.currentTarget.value as Rule["subjectKind"])}
        />
        {kind !== "everyone" && (
          <TextField name="subject" label={`Name of the ${kind}`} required defaultValue={rule?.subject} />
        )}
      </div>
      <SelectField
        name="action"
        label="May"
        value={action}
        choices={Object.entries(actionWords).map(([value, label]) => ({ value, label }))}
        onChange={(event) => setAction(event.currentTarget.value as Rule["action"])}
      />
      <TextField
        name="filter"
        label="Topic filter"
        required
        class="code-input"
        defaultValue={rule?.filter}
        hint={
          <>
            <code>%c</code> stands for the client id, <code>%u</code> for the user, <code>{"%{name}"}</code> for a claim
            of the token.
          </>
        }
      />
      <CheckFields legend="Only at QoS" name="qos" chosen={rule?.qos ?? []} choices={qosLevels} />
      {action !== "subscribe" && (
        <SelectField
          name="retain"
          label="Only messages that are"
          value={rule?.retain === undefined ? "" : rule.retain ? "yes" : "no"}
          choices={[
            { value: "", label: "retained or not" },
            { value: "yes", label: "retained" },
            { value: "no", label: "not retained" },
          ]}
        />
      )}
      <TextField name="comment" label="Comment" defaultValue={rule?.comment} />
    </FormDialog>
  );
}

function DeleteRule({ rule, onDone, onClose }: RuleFormProps & { readonly rule: Rule }) {
  const remove = async () => {
    await call("DELETE /rules/{id}", { path: { id: rule.id } });
    onDone("The rule is gone.");
  };
  return (
    <FormDialog title="Delete the rule?" action="Delete rule" isDangerous onSubmit={remove} onClose={onClose}>
      <p>
        What it decided about <Code>{rule.filter}</Code>, the rules after it decide from now on.
      </p>
    </FormDialog>
  );
}
