// What waits for a client, what is on its way to it, and what was handed out over HTTP.

import { useState } from "preact/hooks";
import { call } from "../api/call.ts";
import { useList } from "../api/list.ts";
import type { QueuedMessage } from "../api/types.ts";
import { Dialog, FormDialog } from "../parts/dialog.tsx";
import { Section } from "../parts/page.tsx";
import { bytesOfBase64 } from "../parts/payload.ts";
import { PayloadView } from "../parts/payload-view.tsx";
import { Empty } from "../parts/states.tsx";
import { ListTable } from "../parts/table.tsx";
import { Badge, bytes, Code, count, Time, type Tone } from "../parts/words.tsx";
import { useMay } from "../shell/caller.ts";
import { say } from "../shell/messages.tsx";

const everyMs = 4_000;

const tones: Readonly<Record<QueuedMessage["state"], Tone>> = {
  waiting: "plain",
  sent: "good",
  released: "good",
  leased: "warn",
};

export function Queue({ clientId }: { readonly clientId: string }) {
  const path = { clientId };
  const mayOperate = useMay("operate");
  const query = { payload: mayOperate ? "base64" : "none" } as const;
  const list = useList("GET /sessions/{clientId}/queue", { path, query }, everyMs);
  const [isPurging, setPurging] = useState(false);
  const [shown, setShown] = useState<QueuedMessage>();
  const purge = async () => {
    const { purged, left } = await call("DELETE /sessions/{clientId}/queue", { path });
    say(`Messages that are gone: ${count(purged)}; that somebody has in hand: ${count(left)}.`);
    list.resource.reload();
  };
  return (
    <Section
      title="Queue"
      actions={
        mayOperate && (
          <button type="button" class="button button-quiet-bad" onClick={() => setPurging(true)}>
            Empty
          </button>
        )
      }
    >
      <ListTable
        caption="Queue, the oldest message first"
        list={list}
        keyOf={({ position }) => String(position)}
        columns={[
          { head: "Topic", cell: ({ topic }) => <Code>{topic}</Code> },
          { head: "State", cell: (message) => <State message={message} /> },
          { head: "QoS", cell: ({ qos, retain }) => `${qos}${retain ? ", retained" : ""}` },
          { head: "Queued", cell: ({ queuedAtMs }) => queuedAtMs !== null && <Time at={queuedAtMs} /> },
          { head: "Expires", cell: ({ expiresAtMs }) => expiresAtMs !== null && <Time at={expiresAtMs} /> },
          { head: "Size", kind: "number", cell: ({ payloadBytes }) => bytes(payloadBytes) },
          {
            head: "Actions",
            kind: "actions",
            cell: (message) =>
              message.payload !== null && (
                <button type="button" class="button" onClick={() => setShown(message)}>
                  Payload
                </button>
              ),
          },
        ]}
        empty={<Empty title="Nothing waits for this client" />}
      />
      {shown !== undefined && (
        <Dialog title={shown.topic} onClose={() => setShown(undefined)}>
          <PayloadView payload={bytesOfBase64(shown.payload ?? "")} />
          <div class="dialog-actions">
            <button type="button" class="button button-main" onClick={() => setShown(undefined)}>
              Close
            </button>
          </div>
        </Dialog>
      )}
      {isPurging && (
        <FormDialog
          title="Empty the queue?"
          action="Empty the queue"
          isDangerous
          onSubmit={purge}
          onClose={() => setPurging(false)}
        >
          <p>Messages that wait are gone for good, and are counted as given up. What somebody has in hand stays.</p>
        </FormDialog>
      )}
    </Section>
  );
}

function State({ message: { state, leasedUntilMs, deliveries } }: { readonly message: QueuedMessage }) {
  return (
    <>
      <Badge tone={tones[state]}>{state}</Badge>
      {leasedUntilMs !== null && (
        <span class="faint">
          {" "}
          until <Time at={leasedUntilMs} />
        </span>
      )}
      {deliveries > 1 && <span class="faint"> handed out {count(deliveries)} times</span>}
    </>
  );
}
