// Traces: what happens to a client, at an address or to the messages of a filter, written down for a while.

import { useState } from "preact/hooks";
import { useList } from "../api/list.ts";
import type { Trace } from "../api/types.ts";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { ListTable } from "../parts/table.tsx";
import { Badge, Code, Time } from "../parts/words.tsx";
import { useMay } from "../shell/caller.ts";
import { sayFailure } from "../shell/messages.tsx";
import { linkTo } from "../shell/place.ts";
import { DeleteTrace, NewTrace, stopTrace, traceKindWords } from "./trace-forms.tsx";

const everyMs = 4_000;

export function Traces() {
  const list = useList("GET /traces", {}, everyMs);
  const mayOperate = useMay("operate");
  const [isCreating, setCreating] = useState(false);
  const [doomed, setDoomed] = useState<string>();
  const { reload } = list.resource;
  return (
    <Page
      title="Traces"
      about="What happens to a client, at an address or to the messages of a filter, written down for at most an hour and kept for a day."
      actions={
        mayOperate && (
          <button type="button" class="button button-main" onClick={() => setCreating(true)}>
            New trace
          </button>
        )
      }
    >
      <ListTable
        caption="Traces, the newest first"
        list={list}
        keyOf={({ id }) => id}
        columns={[
          {
            head: "Which",
            cell: ({ id, value }) => (
              <a href={linkTo("traces", id)}>
                <Code>{value}</Code>
              </a>
            ),
          },
          {
            head: "Follows",
            cell: ({ kind, payload }) => `${traceKindWords(kind)}${payload ? ", with payloads" : ""}`,
          },
          { head: "State", cell: (trace) => <TraceState trace={trace} /> },
          { head: "Begun", cell: ({ createdAtMs }) => <Time at={createdAtMs} /> },
          { head: "By", cell: ({ createdBy }) => createdBy },
          {
            head: "Actions",
            kind: "actions",
            cell: (trace) =>
              mayOperate && (
                <>
                  {runs(trace) && (
                    <button
                      type="button"
                      class="button"
                      onClick={() => void stopTrace(trace.id).then(reload, sayFailure)}
                    >
                      Stop
                    </button>
                  )}
                  <button type="button" class="button button-quiet-bad" onClick={() => setDoomed(trace.id)}>
                    Delete
                  </button>
                </>
              ),
          },
        ]}
        empty={
          <Empty title="No traces">
            <p>
              A client does not get through, or a message does not arrive: follow it, and read here each packet, each
              decision and the rule that made it.
            </p>
          </Empty>
        }
      />
      {isCreating && <NewTrace onClose={() => setCreating(false)} />}
      {doomed !== undefined && <DeleteTrace id={doomed} onDone={reload} onClose={() => setDoomed(undefined)} />}
    </Page>
  );
}

function runs({ untilMs }: Trace): boolean {
  return untilMs > Date.now();
}

function TraceState({ trace }: { readonly trace: Trace }) {
  return (
    <>
      <Badge tone={runs(trace) ? "good" : "plain"}>{runs(trace) ? "runs" : "over"}</Badge>{" "}
      <span class="faint">
        {runs(trace) ? "ends" : "ended"} <Time at={trace.untilMs} />
      </span>
    </>
  );
}
