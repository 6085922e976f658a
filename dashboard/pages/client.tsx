// One client with everything that is known of it, and what an operator can do about it.

import { useState } from "preact/hooks";
import { call } from "../api/call.ts";
import { useResource } from "../api/resource.ts";
import type { ClientDetails } from "../api/types.ts";
import { FormDialog } from "../parts/dialog.tsx";
import { type Fact, Facts, Page, Section } from "../parts/page.tsx";
import { WhenReady } from "../parts/states.tsx";
import { Table } from "../parts/table.tsx";
import { Badge, bytes, Code, count, Time } from "../parts/words.tsx";
import { useMay } from "../shell/caller.ts";
import { say } from "../shell/messages.tsx";
import { go, linkTo } from "../shell/place.ts";
import { NewBan } from "./bans.tsx";
import { StateBadge } from "./clients.tsx";
import { Queue } from "./queue.tsx";
import { Refusals } from "./refusals.tsx";
import { Subscriptions } from "./subscriptions.tsx";
import { NewTrace } from "./trace-forms.tsx";

const everyMs = 4_000;

type Open = "kick" | "ban" | "trace" | "end" | undefined;

export function ClientPage({ clientId }: { readonly clientId: string }) {
  const path = { clientId };
  const client = useResource(clientId, (signal) => call("GET /clients/{clientId}", { path, signal }), everyMs);
  const mayOperate = useMay("operate");
  const [open, setOpen] = useState<Open>();
  const close = () => setOpen(undefined);
  const kick = async () => {
    const { wasConnected } = await call("POST /clients/{clientId}/kick", { path });
    say(wasConnected ? "The client was disconnected." : "The client was not connected any more.");
    client.reload();
  };
  const end = async () => {
    await call("DELETE /sessions/{clientId}", { path });
    say("The session is gone.");
    go(linkTo("clients"));
  };
  return (
    <Page
      title={clientId}
      back={{ href: linkTo("clients"), label: "Clients" }}
      actions={
        mayOperate &&
        client.state === "ready" && (
          <>
            {client.value.state === "connected" && (
              <button type="button" class="button" onClick={() => setOpen("kick")}>
                Kick
              </button>
            )}
            <button type="button" class="button" onClick={() => setOpen("trace")}>
              Trace
            </button>
            <button type="button" class="button" onClick={() => setOpen("ban")}>
              Ban
            </button>
            <button type="button" class="button button-quiet-bad" onClick={() => setOpen("end")}>
              End session
            </button>
          </>
        )
      }
    >
      <WhenReady resource={client}>
        {(value) => (
          <>
            <Facts facts={factsOf(value)} />
            <Subscriptions clientId={clientId} />
            <Queue clientId={clientId} />
            <GivenUp client={value} />
          </>
        )}
      </WhenReady>
      <Refusals clientId={clientId} />
      {open === "kick" && (
        <FormDialog title={`Kick ${clientId}?`} action="Kick" isDangerous onSubmit={kick} onClose={close}>
          <p>The client is disconnected and its will is published. It may come again at once; its session stays.</p>
        </FormDialog>
      )}
      {open === "ban" && <NewBan kind="client" value={clientId} onDone={client.reload} onClose={close} />}
      {open === "trace" && <NewTrace value={clientId} onClose={close} />}
      {open === "end" && (
        <FormDialog
          title={`End the session of ${clientId}?`}
          action="End session"
          isDangerous
          onSubmit={end}
          onClose={close}
        >
          <p>
            Its subscriptions and every message in its queue are gone for good. A client that is connected is
            disconnected.
          </p>
        </FormDialog>
      )}
    </Page>
  );
}

function factsOf(client: ClientDetails): Fact[] {
  const { connection, limits, queue } = client;
  const of = (value: number, max: number) => `${count(value)} of ${count(max)}`;
  const facts: (Fact | null)[] = [
    { name: "State", value: <StateBadge state={client.state} /> },
    { name: "User", value: client.user ?? "none" },
    client.address === null ? null : { name: "Address", value: <Code>{client.address}</Code> },
    client.protocol === null ? null : { name: "MQTT", value: client.protocol },
    client.connectedAtMs === null ? null : { name: "Connected", value: <Time at={client.connectedAtMs} /> },
    client.disconnectedAtMs === null ? null : { name: "Disconnected", value: <Time at={client.disconnectedAtMs} /> },
    { name: "Session ends", value: <End client={client} /> },
    { name: "Subscriptions", value: of(client.subscriptions, limits.subscriptionsMax) },
    { name: "Queued messages", value: of(queue.messages, limits.queueMessagesMax) },
    { name: "Queued bytes", value: `${bytes(queue.bytes)} of ${bytes(limits.queueBytesMax)}` },
    { name: "A full queue", value: limits.queuePolicy },
    { name: "On their way", value: of(queue.inflight, limits.inflightMax) },
    { name: "Leased over HTTP", value: count(queue.leased) },
    { name: "QoS 2 to release", value: count(client.inboundQos2) },
    { name: "Will", value: client.hasWill ? "set" : "none" },
    client.dueWills === 0 ? null : { name: "Wills that are due", value: count(client.dueWills) },
  ];
  const ofConnection: Fact[] =
    connection === null
      ? []
      : [
          {
            name: "Keep-alive",
            value: connection.keepAliveSeconds === 0 ? "none" : `${connection.keepAliveSeconds} s`,
          },
          { name: "Receive Maximum", value: count(connection.receiveMaximum) },
          { name: "Largest packet", value: bytes(connection.maximumPacketBytes) },
          { name: "Topic aliases", value: count(connection.topicAliasMaximum) },
        ];
  return [...facts.filter((fact) => fact !== null), ...ofConnection];
}

function End({ client: { expiresAtMs, expirySeconds } }: { readonly client: ClientDetails }) {
  if (expiresAtMs !== null) return <Time at={expiresAtMs} />;
  if (expirySeconds === null) return <>never</>;
  return <>{expirySeconds === 0 ? "with its connection" : `${count(expirySeconds)} s after its connection`}</>;
}

/** Messages that its session gave up. */
function GivenUp({ client: { recent, drops } }: { readonly client: ClientDetails }) {
  const counts = Object.entries(drops);
  if (counts.length === 0) return null;
  const latest = recent.filter(({ event }) => event === "drop").toSorted((a, b) => b.atMs - a.atMs);
  return (
    <Section title="Given up">
      <p class="reasons">
        {counts.map(([reason, times]) => (
          <Badge key={reason} tone="warn">
            {reason}: {count(times)}
          </Badge>
        ))}
      </p>
      {latest.length > 0 && (
        <Table
          caption="The last messages that were given up"
          rows={latest}
          keyOf={({ atMs, reason, detail }) => `${atMs} ${reason} ${detail}`}
          columns={[
            { head: "When", cell: ({ atMs }) => <Time at={atMs} /> },
            { head: "Reason", cell: ({ reason }) => <Code>{reason}</Code> },
            { head: "Detail", cell: ({ detail }) => detail },
          ]}
        />
      )}
    </Section>
  );
}
