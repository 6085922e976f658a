// Why a client was refused, also one that has never got as far as a session.

import { call } from "../api/call.ts";
import { useResource } from "../api/resource.ts";
import { Section } from "../parts/page.tsx";
import { Empty, WhenReady } from "../parts/states.tsx";
import { Table } from "../parts/table.tsx";
import { Code, count, Time } from "../parts/words.tsx";

const everyMs = 4_000;

export function Refusals({ clientId }: { readonly clientId: string }) {
  const path = { clientId };
  const refusals = useResource(
    clientId,
    (signal) => call("GET /explain/clients/{clientId}", { path, signal }),
    everyMs,
  );
  return (
    <Section title="Why it was refused">
      <WhenReady resource={refusals}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="It was not refused lately" />
          ) : (
            <Table
              caption="Refusals, the last first"
              rows={items.toSorted((a, b) => b.atMs - a.atMs)}
              keyOf={({ atMs, reason, detail }) => `${atMs} ${reason} ${detail}`}
              columns={[
                { head: "Last", cell: ({ atMs }) => <Time at={atMs} /> },
                { head: "Reason", cell: ({ reason }) => <Code>{reason}</Code> },
                { head: "Detail", cell: ({ detail }) => detail },
                { head: "What to do", cell: ({ remedy }) => remedy },
                { head: "User", cell: ({ user }) => user },
                { head: "Address", cell: ({ address }) => <Code>{address}</Code> },
                { head: "Times", kind: "number", cell: ({ count: times }) => count(times) },
              ]}
            />
          )
        }
      </WhenReady>
    </Section>
  );
}
