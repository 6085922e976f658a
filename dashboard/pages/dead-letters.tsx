// Batches that a webhook's endpoint did not take.

import { useState } from "preact/hooks";
import { call } from "../api/call.ts";
import { useList } from "../api/list.ts";
import { useResource } from "../api/resource.ts";
import type { DeadLetter } from "../api/types.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Section } from "../parts/page.tsx";
import { Empty, WhenReady } from "../parts/states.tsx";
import { ListTable } from "../parts/table.tsx";
import { Badge, Code, count, plural, Time } from "../parts/words.tsx";
import { useMay } from "../shell/caller.ts";
import { say, sayFailure } from "../shell/messages.tsx";

interface DeadLettersProps {
  readonly name: string;
  readonly onChange: () => void;
}

export function DeadLetters({ name, onChange }: DeadLettersProps) {
  const list = useList("GET /webhooks/{name}/dead-letters", { path: { name } });
  const [mayOperate, maySee] = [useMay("operate"), useMay("consume") || useMay("operate")];
  const [shown, setShown] = useState<DeadLetter>();
  const handle = async (route: "send" | "forget", id: string) => {
    const path = { name, id };
    const { batches } =
      route === "send"
        ? await call("POST /webhooks/{name}/dead-letters/{id}/send", { path })
        : await call("DELETE /webhooks/{name}/dead-letters/{id}", { path });
    say(`${plural(batches, "batch", "batches")} ${route === "send" ? "to be sent again." : "forgotten."}`);
    list.resource.reload();
    onChange();
  };
  const tried = (route: "send" | "forget", id: string) => () => void handle(route, id).catch(sayFailure);
  const isEmpty = list.resource.state === "ready" && list.resource.value.length === 0;
  return (
    <Section
      title="Dead letters"
      actions={
        mayOperate &&
        !isEmpty && (
          <div class="page-actions">
            <button type="button" class="button" onClick={tried("send", "all")}>
              Send all again
            </button>
            <button type="button" class="button button-quiet-bad" onClick={tried("forget", "all")}>
              Forget all
            </button>
          </div>
        )
      }
    >
      <ListTable
        caption="Dead letters"
        list={list}
        keyOf={({ id }) => id}
        columns={[
          { head: "Batch", cell: ({ batch }) => <Code>{batch}</Code> },
          { head: "Items", kind: "number", cell: ({ items }) => count(items) },
          { head: "Given up", cell: ({ atMs }) => <Time at={atMs} /> },
          { head: "Attempts", kind: "number", cell: ({ attempts }) => count(attempts) },
          {
            head: "Why",
            cell: ({ failure, isSentAgain }) => (
              <>
                {failure.reason}: {failure.detail} {isSentAgain && <Badge>is sent again</Badge>}
              </>
            ),
          },
          {
            head: "Actions",
            kind: "actions",
            cell: (letter) => (
              <>
                {maySee && (
                  <button type="button" class="button" onClick={() => setShown(letter)}>
                    Look
                  </button>
                )}
                {mayOperate && (
                  <>
                    <button type="button" class="button" onClick={tried("send", letter.id)}>
                      Send again
                    </button>
                    <button type="button" class="button button-quiet-bad" onClick={tried("forget", letter.id)}>
                      Forget
                    </button>
                  </>
                )}
              </>
            ),
          },
        ]}
        empty={
          <Empty title="No dead letters">
            <p>Batches that the endpoint refuses, or does not take after all attempts, are kept here.</p>
          </Empty>
        }
      />
      {shown !== undefined && <Contents name={name} letter={shown} onClose={() => setShown(undefined)} />}
    </Section>
  );
}

interface ContentsProps {
  readonly name: string;
  readonly letter: DeadLetter;
  readonly onClose: () => void;
}

function Contents({ name, letter, onClose }: ContentsProps) {
  const path = { name, id: letter.id };
  const resource = useResource(`letter ${name} ${letter.id}`, (signal) =>
    call("GET /webhooks/{name}/dead-letters/{id}", { path, signal }),
  );
  return (
    <Dialog title={`Batch ${letter.batch}`} onClose={onClose}>
      <WhenReady resource={resource}>{({ contents }) => <pre>{JSON.stringify(contents, undefined, 2)}</pre>}</WhenReady>
      <div class="dialog-actions">
        <button type="button" class="button button-main" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
