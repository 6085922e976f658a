// Fields of forms: each with its label, a hint where one helps, and what the API said about it.

import { type ComponentChildren, createContext, type TargetedEvent } from "preact";
import { useContext, useId } from "preact/hooks";
import type { Problem } from "../api/call.ts";

/** What went wrong with the form that the fields stand in. */
export const ProblemContext = createContext<Problem | undefined>(undefined);

interface Described {
  readonly name: string;
  readonly label: string;
  readonly hint?: ComponentChildren;
}

interface Wiring {
  readonly id: string;
  readonly "aria-describedby": string | undefined;
  readonly "aria-invalid": boolean;
}

interface FieldProps extends Described {
  readonly children: (wiring: Wiring) => ComponentChildren;
}

function Field({ name, label, hint, children }: FieldProps) {
  const id = useId();
  const problem = useContext(ProblemContext);
  const messages = problem?.fields.filter(({ path }) => path.split(".")[1] === name) ?? [];
  const described = [hint !== undefined && `${id}-hint`, messages.length > 0 && `${id}-error`].filter(Boolean);
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        "aria-describedby": described.length === 0 ? undefined : described.join(" "),
        "aria-invalid": messages.length > 0,
      })}
      {hint !== undefined && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
      {messages.length > 0 && (
        <p id={`${id}-error`} class="field-error">
          {messages.map(({ message }) => message).join("; ")}
        </p>
      )}
    </div>
  );
}

interface Given {
  readonly required?: boolean;
  readonly class?: string;
}

interface TextProps extends Described, Given {
  readonly type?: "text" | "password" | "search" | "number" | "datetime-local";
  readonly autocomplete?: "off" | "new-password" | "current-password";
  readonly autofocus?: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly step?: number;
  readonly value?: string;
  readonly defaultValue?: string | number | undefined;
  readonly onInput?: (event: TargetedEvent<HTMLInputElement>) => void;
}

export function TextField({ name, label, hint, type = "text", ...input }: TextProps) {
  return (
    <Field name={name} label={label} hint={hint}>
      {(wiring) => (
        <input type={type as "text"} autocomplete="off" spellcheck={false} {...input} name={name} {...wiring} />
      )}
    </Field>
  );
}

interface FileProps extends Described {
  /** Endings of the names, with their dots. */
  readonly accept: string;
}

export function FileField({ name, label, hint, accept }: FileProps) {
  return (
    <Field name={name} label={label} hint={hint}>
      {(wiring) => <input type="file" required accept={accept} name={name} {...wiring} />}
    </Field>
  );
}

interface AreaProps extends Described, Given {
  readonly rows?: number;
  readonly defaultValue?: string;
}

export function AreaField({ name, label, hint, ...area }: AreaProps) {
  return (
    <Field name={name} label={label} hint={hint}>
      {(wiring) => <textarea rows={3} spellcheck={false} {...area} name={name} {...wiring} />}
    </Field>
  );
}

/** A value that is its own label, or one with a label. */
export type Choice = string | number | { readonly value: string; readonly label: string; readonly hint?: string };

function labelled(choice: Choice): { readonly value: string; readonly label: string; readonly hint?: string } {
  return typeof choice === "object" ? choice : { value: String(choice), label: String(choice) };
}

interface SelectProps extends Described {
  readonly choices: readonly Choice[];
  readonly value?: string;
  readonly onChange?: (event: TargetedEvent<HTMLSelectElement>) => void;
}

export function SelectField({ name, label, hint, choices, value, ...select }: SelectProps) {
  return (
    <Field name={name} label={label} hint={hint}>
      {(wiring) => (
        <select {...select} name={name} {...wiring}>
          {choices.map(labelled).map((choice) => (
            <option key={choice.value} value={choice.value} selected={choice.value === value}>
              {choice.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface CheckProps extends Described {
  readonly value?: string;
  readonly defaultChecked?: boolean;
}

export function CheckField({ name, label, hint, ...input }: CheckProps) {
  const id = useId();
  return (
    <div class="field field-check">
      <input
        type="checkbox"
        {...input}
        name={name}
        id={id}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
      />
      <label for={id}>{label}</label>
      {hint !== undefined && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

/** Several of a few. */
export function CheckFields({
  legend,
  name,
  choices,
  chosen = [],
}: {
  readonly legend: string;
  readonly name: string;
  readonly choices: readonly Choice[];
  readonly chosen?: readonly (string | number)[];
}) {
  return (
    <fieldset class="field">
      <legend>{legend}</legend>
      {choices.map(labelled).map(({ value, label, hint }) => (
        <CheckField
          key={value}
          name={name}
          label={label}
          value={value}
          defaultChecked={chosen.map(String).includes(value)}
          hint={hint}
        />
      ))}
    </fieldset>
  );
}

export function textOf(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value.trim() : "";
}

/** As it was typed: what a password or a payload begins or ends with counts. */
export function exactTextOf(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value : "";
}

/** Of a field that is required. */
export function fileOf(form: FormData, name: string): File {
  const value = form.get(name);
  return value instanceof File ? value : new File([], "");
}

export function textsOf(form: FormData, name: string): string[] {
  return form.getAll(name).filter((value) => typeof value === "string");
}

/** Which of the values that there are. */
export function choicesOf<Value extends string | number>(
  form: FormData,
  name: string,
  values: readonly Value[],
): readonly Value[] {
  const chosen = textsOf(form, name);
  return values.filter((value) => chosen.includes(String(value)));
}

export function choiceOf<Value extends string | number>(
  form: FormData,
  name: string,
  values: readonly [Value, ...Value[]],
): Value {
  return choicesOf(form, name, values)[0] ?? values[0];
}

/** Null when it was left empty: for good. */
export function timeOf(form: FormData, name: string): number | null {
  const text = textOf(form, name);
  return text === "" ? null : new Date(text).getTime();
}
