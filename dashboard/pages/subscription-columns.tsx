// Subscriptions as tables show them, of one client or of all.

import { groupOf, plainFilter } from "../../src/topic/share.ts";
import type { Subscription } from "../api/types.ts";
import type { Column } from "../parts/table.tsx";
import { Code } from "../parts/words.tsx";

export const subscriptionColumns: readonly Column<Subscription>[] = [
  { head: "Topic filter", cell: ({ filter }) => <Code>{plainFilter(filter)}</Code> },
  { head: "Share group", cell: ({ filter }) => <ShareGroup filter={filter} /> },
  { head: "QoS", cell: ({ qos }) => qos },
  { head: "Options", cell: optionsOf },
];

function ShareGroup({ filter }: { readonly filter: string }) {
  const group = groupOf(filter);
  return group === undefined ? <span class="faint">none</span> : <Code>{group}</Code>;
}

/** `actionFor`: what the button does; nothing where it may not be removed. */
export function removeColumn<Row>(actionFor: (row: Row) => (() => void) | false): Column<Row> {
  return {
    head: "Actions",
    kind: "actions",
    cell: (row) => {
      const remove = actionFor(row);
      return (
        remove !== false && (
          <button type="button" class="button button-quiet-bad" onClick={remove}>
            Remove
          </button>
        )
      );
    },
  };
}

function optionsOf({ noLocal, retainAsPublished, identifier }: Subscription): string {
  const options = [
    noLocal && "no local",
    retainAsPublished && "retain as published",
    identifier !== null && `identifier ${identifier}`,
  ];
  return options.filter(Boolean).join(", ");
}
