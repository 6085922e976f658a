// The audit log: who changed what, the newest first.

import { useList } from "../api/list.ts";
import type { AuditEntry } from "../api/types.ts";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { ListTable } from "../parts/table.tsx";
import { Code, Time } from "../parts/words.tsx";

export function Audit() {
  const list = useList("GET /audit", {});
  return (
    <Page title="Audit log" about="Every change made over the HTTP API or this page, the newest first.">
      <ListTable
        caption="Changes"
        list={list}
        keyOf={(entry) => String(entry.id)}
        columns={[
          { head: "When", cell: (entry) => <Time at={entry.atMs} /> },
          { head: "Who", cell: (entry) => entry.actor },
          { head: "What", cell: (entry) => <Code>{entry.action}</Code> },
          { head: "Of", cell: (entry) => <Code>{entry.subject}</Code> },
          { head: "Change", cell: (entry) => <Change entry={entry} /> },
        ]}
        empty={<Empty title="Nothing was changed yet" />}
      />
    </Page>
  );
}

/** The other columns say it. */
const unremarkable = ["id", "createdAtMs", "changedAtMs"];

function Change({ entry: { before, after } }: { readonly entry: AuditEntry }) {
  const names = [...new Set([...fieldsOf(before), ...fieldsOf(after)])];
  const changed = names.filter(
    (name) => !unremarkable.includes(name) && fieldText(before, name) !== fieldText(after, name),
  );
  if (changed.length === 0) return <span class="faint">nothing that is shown</span>;
  return (
    <details>
      <summary>{changed.join(", ")}</summary>
      <dl class="changes">
        {changed.map((name) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {before !== null && before !== undefined && <del>{fieldText(before, name) ?? "nothing"}</del>}
              {after !== null && after !== undefined && <ins>{fieldText(after, name) ?? "nothing"}</ins>}
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function fieldsOf(value: unknown): string[] {
  return typeof value === "object" && value !== null ? Object.keys(value) : [];
}

function fieldText(value: unknown, name: string): string | undefined {
  const field = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  return typeof field === "string" ? field : JSON.stringify(field);
}
