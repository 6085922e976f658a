// What is done with traces: one is begun, stopped, deleted.

import { call } from "../api/call.ts";
import type { Trace } from "../api/types.ts";
import { FormDialog } from "../parts/dialog.tsx";
import { CheckField, choiceOf, SelectField, TextField, textOf } from "../parts/field.tsx";
import { plural } from "../parts/words.tsx";
import { say } from "../shell/messages.tsx";
import { go, linkTo } from "../shell/place.ts";

export const traceKinds = [
  { value: "client", label: "client id" },
  { value: "address", label: "address" },
  { value: "topic", label: "topic filter" },
] as const;

export function traceKindWords(kind: Trace["kind"]): string {
  return traceKinds.find(({ value }) => value === kind)?.label ?? kind;
}

interface NewTraceProps {
  readonly kind?: Trace["kind"];
  readonly value?: string;
  readonly onClose: () => void;
}

export function NewTrace({ kind = "client", value = "", onClose }: NewTraceProps) {
  const begin = async (form: FormData) => {
    const target = { kind: choiceOf(form, "kind", ["client", "address", "topic"]), value: textOf(form, "target") };
    const { id, untold } = await call("POST /traces", {
      body: { target, seconds: Number(textOf(form, "minutes")) * 60, payload: form.has("payload") },
    });
    say(untold === 0 ? "The trace runs." : `The trace runs, but ${plural(untold, "object")} did not answer.`);
    go(linkTo("traces", id));
  };
  return (
    <FormDialog title="New trace" action="Begin trace" onSubmit={begin} onClose={onClose}>
      <SelectField name="kind" label="What to follow" value={kind} choices={traceKinds} />
      <TextField name="target" label="Which" required class="code-input" defaultValue={value} />
      <TextField name="minutes" label="Minutes" type="number" required min={1} max={60} step={1} defaultValue={5} />
      <CheckField
        name="payload"
        label="With payloads"
        hint="The first 1,024 bytes of each, for those alone who may operate."
      />
    </FormDialog>
  );
}

interface OneTraceProps {
  readonly id: string;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

export function DeleteTrace({ id, onDone, onClose }: OneTraceProps) {
  const remove = async () => {
    await call("DELETE /traces/{id}", { path: { id } });
    say("The trace is gone.");
    onDone();
  };
  return (
    <FormDialog title="Delete the trace?" action="Delete trace" isDangerous onSubmit={remove} onClose={onClose}>
      <p>What it has recorded goes with it.</p>
    </FormDialog>
  );
}

export async function stopTrace(id: string): Promise<void> {
  await call("POST /traces/{id}/stop", { path: { id } });
  say("Nothing more is recorded.");
}
