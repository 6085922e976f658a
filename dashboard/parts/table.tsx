// Tables. On a narrow screen each row becomes a card, with the heads of the columns beside the values.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Problem } from "../api/call.ts";
import type { List } from "../api/list.ts";
import { asProblem } from "../api/resource.ts";
import { ProblemNotice, WhenReady } from "./states.tsx";

export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** `long`: text as long as it comes. */
  readonly kind?: "number" | "actions" | "long";
}

/** Change and delete, for those who may. */
export function changeColumn<Row>(
  mayChange: boolean,
  onChange: (row: Row) => void,
  onDelete: (row: Row) => void,
): Column<Row> {
  return {
    head: "Actions",
    kind: "actions",
    cell: (row) =>
      mayChange && (
        <>
          <button type="button" class="button" onClick={() => onChange(row)}>
            Change
          </button>
          <button type="button" class="button button-quiet-bad" onClick={() => onDelete(row)}>
            Delete
          </button>
        </>
      ),
  };
}

interface TableProps<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
}

export function Table<Row>({ caption, columns, rows, keyOf }: TableProps<Row>) {
  return (
    <div class="table-frame">
      <table>
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ head, kind }) => (
              <th key={head} scope="col" class={kind}>
                {kind === "actions" ? <span class="visually-hidden">{head}</span> : head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ head, cell, kind }) => (
                <td key={head} class={kind} data-head={kind === "actions" ? undefined : head}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface ListTableProps<Row> extends Omit<TableProps<Row>, "rows"> {
  readonly list: List<Row>;
  readonly empty: ComponentChildren;
}

export function ListTable<Row>({ list, empty, ...table }: ListTableProps<Row>) {
  return (
    <WhenReady resource={list.resource}>
      {(rows) => (
        <>
          {rows.length === 0 ? empty : <Table {...table} rows={rows} />}
          {list.more !== undefined && <MoreButton more={list.more} />}
        </>
      )}
    </WhenReady>
  );
}

export function MoreButton({ more }: { readonly more: () => Promise<void> }) {
  const [state, setState] = useState<"idle" | "busy" | Problem>("idle");
  const load = () => {
    setState("busy");
    more().then(
      () => setState("idle"),
      (error: unknown) => setState(asProblem(error)),
    );
  };
  if (typeof state === "object") return <ProblemNotice problem={state} retry={load} />;
  return (
    <p class="more">
      <button type="button" class="button" disabled={state === "busy"} onClick={load}>
        Show more
      </button>
    </p>
  );
}
