// What the control database holds, out of here and into here, table by table; and a backup of the whole broker.

import { useState } from "preact/hooks";
import { ask, type Problem } from "../api/call.ts";
import { asProblem } from "../api/resource.ts";
import { download } from "../parts/download.ts";
import { CheckField, choiceOf, FileField, fileOf, ProblemContext, SelectField } from "../parts/field.tsx";
import { Page, Section } from "../parts/page.tsx";
import { ProblemNotice } from "../parts/states.tsx";
import { bytes, count, plural } from "../parts/words.tsx";

const tables = [
  { value: "users", label: "users" },
  { value: "device-keys", label: "device keys" },
  { value: "groups", label: "groups" },
  { value: "rules", label: "rules" },
  { value: "bans", label: "bans" },
  { value: "templates", label: "session templates" },
  { value: "api-keys", label: "API keys" },
] as const;
const tableNames = ["users", "device-keys", "groups", "rules", "bans", "templates", "api-keys"] as const;
const exportable = [...tables, { value: "audit", label: "audit log" }] as const;

const mediaTypes = { json: "application/json", ndjson: "application/x-ndjson", csv: "text/csv" } as const;
const formats = [
  { value: "csv", label: "CSV, for spreadsheets" },
  { value: "json", label: "JSON" },
  { value: "ndjson", label: "JSON lines" },
] as const;

const existing = [
  { value: "refuse", label: "import nothing" },
  { value: "keep", label: "leave them as they are" },
  { value: "replace", label: "replace them" },
] as const;

export function Transfer() {
  return (
    <Page
      title="Export and import"
      about="Users, rules and so on, as files, between deployments or into a spreadsheet and back; and a backup of all that the broker keeps."
    >
      <Export />
      <Import />
      <Backup />
    </Page>
  );
}

interface Doing {
  readonly isBusy: boolean;
  readonly said: string;
  readonly problem?: Problem;
}

/** One thing at a time, with words about how it goes and went. */
function useDoing(): readonly [Doing, (act: (say: (text: string) => void) => Promise<string>) => Promise<void>] {
  const [doing, setDoing] = useState<Doing>({ isBusy: false, said: "" });
  const run = async (act: (say: (text: string) => void) => Promise<string>) => {
    setDoing({ isBusy: true, said: "" });
    try {
      const said = await act((text) => setDoing({ isBusy: true, said: text }));
      setDoing({ isBusy: false, said });
    } catch (error) {
      setDoing({ isBusy: false, said: "", problem: asProblem(error) });
    }
  };
  return [doing, run];
}

function Said({ doing: { said, problem } }: { readonly doing: Doing }) {
  return (
    <>
      {problem !== undefined && <ProblemNotice problem={problem} />}
      <p role="status">{said}</p>
    </>
  );
}

function Export() {
  const [doing, run] = useDoing();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const table = choiceOf(form, "table", [...tableNames, "audit"]);
    const format = choiceOf(form, "format", ["csv", "json", "ndjson"]);
    void run(async () => {
      const answer = await ask("GET", `api/v1/export/${table}?format=${format}`, undefined, {});
      const file = await answer.blob();
      download(`${table}.${format}`, file);
      return `${table}.${format}: ${bytes(file.size)}.`;
    });
  };
  return (
    <Section title="Export">
      <form class="toolbar" onSubmit={submit}>
        <SelectField name="table" label="What" choices={exportable} value="users" />
        <SelectField name="format" label="As" choices={formats} value="csv" />
        <button type="submit" class="button" disabled={doing.isBusy}>
          Export
        </button>
      </form>
      <p class="faint">
        Passwords and keys are in it as hashes, by which they go on to hold where the file is imported.
      </p>
      <Said doing={doing} />
    </Section>
  );
}

interface Outcome {
  readonly created: number;
  readonly replaced: number;
  readonly kept: number;
  readonly isDryRun: boolean;
}

function Import() {
  const [doing, run] = useDoing();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const table = choiceOf(form, "into", tableNames);
    const query = new URLSearchParams({
      existing: choiceOf(form, "existing", ["refuse", "keep", "replace"]),
      dryRun: String(form.has("dryRun")),
    });
    void run(async () => {
      const body = typed(fileOf(form, "file"));
      const answer = await ask("POST", `api/v1/import/${table}?${query}`, body, {});
      const { created, replaced, kept, isDryRun } = (await answer.json()) as Outcome;
      const numbers = `${count(created)} new, ${count(replaced)} replaced, ${count(kept)} left as they were`;
      return isDryRun ? `It would be: ${numbers}. Nothing was changed.` : `Imported: ${numbers}.`;
    });
  };
  return (
    <Section title="Import">
      <ProblemContext.Provider value={doing.problem}>
        <form class="fields" onSubmit={submit}>
          <div class="toolbar">
            <SelectField name="into" label="Into" choices={tables} value="users" />
            <FileField name="file" label="File: CSV, JSON or JSON lines" accept=".csv,.json,.ndjson,.jsonl" />
            <SelectField name="existing" label="If some are there already" choices={existing} value="refuse" />
          </div>
          <CheckField name="dryRun" label="Only try" hint="Says what would become of it, and changes nothing." />
          <p>
            <button type="submit" class="button" disabled={doing.isBusy}>
              Import
            </button>
          </p>
        </form>
      </ProblemContext.Provider>
      <Said doing={doing} />
    </Section>
  );
}

/** Which form a file has is told by its name: not every device knows all of them. */
function typed(file: File): Blob {
  const [, ending = ""] = /\.(\w+)$/.exec(file.name.toLowerCase()) ?? [];
  const format = ending === "jsonl" ? "ndjson" : ending;
  return new Blob([file], { type: mediaTypes[format as keyof typeof mediaTypes] ?? mediaTypes.json });
}

interface PageLine {
  readonly next: string | null;
  readonly owed: number;
}

function Backup() {
  const [doing, run] = useDoing();
  const save = () =>
    run(async (say) => {
      const pages: Blob[] = [];
      let [size, owed] = [0, 0];
      for (let after: string | null = ""; after !== null; ) {
        const answer = await ask("GET", `api/v1/backup?${new URLSearchParams({ after })}`, undefined, {});
        const page = await answer.text();
        const last = JSON.parse(page.trimEnd().split("\n").at(-1) ?? "") as PageLine;
        // A browser puts what is large on disk.
        pages.push(new Blob([page]));
        size += page.length;
        owed += last.owed;
        after = last.next;
        say(`Read: ${bytes(size)}`);
      }
      const name = `durablemq-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.backup`;
      download(name, new Blob(pages, { type: "application/x-ndjson" }));
      const missing =
        owed === 0 ? "" : ` ${plural(owed, "delivery", "deliveries")} were on their way, and are in no page.`;
      return `${name}: ${bytes(size)}.${missing}`;
    });
  return (
    <Section title="Backup">
      <p class="faint">
        Users, rules, sessions with their queues, retained and delayed messages, in one file. It holds all payloads.
        Keep this page open until it is there; what is larger than this device has room for, and every restore, is for
        the command line: <code>npx durablemq backup</code>, <code>npx durablemq restore</code>.
      </p>
      <p class="more-room">
        <button type="button" class="button" disabled={doing.isBusy} onClick={() => void save()}>
          Download a backup
        </button>
      </p>
      <Said doing={doing} />
    </Section>
  );
}
