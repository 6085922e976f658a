// The console's connections: one is shown, the others go on.

import { useState } from "preact/hooks";
import { FormDialog } from "../parts/dialog.tsx";
import { CheckField, exactTextOf, TextField, textOf } from "../parts/field.tsx";
import { Empty } from "../parts/states.tsx";
import { Badge, type Tone } from "../parts/words.tsx";
import type { Connection, State } from "./connection.ts";
import { Messages } from "./messages.tsx";
import { Publish } from "./publish.tsx";
import { close, open, useConnections } from "./store.ts";
import { Subscriptions } from "./subscriptions.tsx";

const tones: Readonly<Record<State, Tone>> = { connected: "good", connecting: "warn", closed: "bad" };

export function Connections() {
  const connections = useConnections();
  const [shownId, setShownId] = useState(connections.at(-1)?.id);
  const [isOpening, setOpening] = useState(false);
  const shown = connections.find(({ id }) => id === shownId) ?? connections.at(-1);
  const newButton = (
    <button type="button" class="button button-main" onClick={() => setOpening(true)}>
      New connection
    </button>
  );
  return (
    <>
      {shown === undefined ? (
        <Empty title="No connection yet">
          <p>Open one to subscribe and publish. Open several to see what passes between them.</p>
          {newButton}
        </Empty>
      ) : (
        <>
          <div class="tabs">
            <fieldset class="tab-list" aria-label="Connections">
              {connections.map((connection) => (
                <button
                  key={connection.id}
                  type="button"
                  class="tab"
                  aria-pressed={connection === shown}
                  onClick={() => setShownId(connection.id)}
                >
                  <span class={`dot dot-${tones[connection.state]}`} aria-hidden="true" />
                  {connection.options.clientId}
                </button>
              ))}
            </fieldset>
            {newButton}
          </div>
          <ConnectionPanel key={shown.id} connection={shown} />
        </>
      )}
      {isOpening && <NewConnection onOpen={setShownId} onClose={() => setOpening(false)} />}
    </>
  );
}

function ConnectionPanel({ connection }: { readonly connection: Connection }) {
  const { state, options, notes } = connection;
  const [latest] = notes;
  return (
    <div class="console">
      <div class="console-head">
        <Badge tone={tones[state]}>{state}</Badge>
        <p class={latest?.isBad ? "console-note bad" : "console-note"} role="status">
          {latest?.text}
        </p>
        {state === "closed" ? (
          <>
            <button type="button" class="button" onClick={() => connection.connect()}>
              Connect again
            </button>
            <button type="button" class="button" onClick={() => close(connection)}>
              Remove
            </button>
          </>
        ) : (
          <button type="button" class="button" onClick={() => connection.disconnect()}>
            Disconnect
          </button>
        )}
      </div>
      <div class="console-columns">
        <div>
          <Subscriptions connection={connection} />
          <Publish connection={connection} />
          <details class="notes">
            <summary>What happened to {options.clientId}</summary>
            <ol>
              {notes.map(({ id, atMs, text, isBad }) => (
                <li key={id} class={isBad ? "bad" : ""}>
                  <time>{new Date(atMs).toLocaleTimeString()}</time> {text}
                </li>
              ))}
            </ol>
          </details>
        </div>
        <Messages connection={connection} />
      </div>
    </div>
  );
}

function newClientId(): string {
  return `console-${crypto.randomUUID().slice(0, 8)}`;
}

function NewConnection({ onOpen, onClose }: { readonly onOpen: (id: number) => void; readonly onClose: () => void }) {
  const [clientId] = useState(newClientId);
  const connect = async (form: FormData) => {
    const connection = open({
      clientId: textOf(form, "clientId"),
      username: textOf(form, "username"),
      password: exactTextOf(form, "password"),
      cleanStart: form.has("cleanStart"),
      sessionExpirySeconds: Number(textOf(form, "expiry")),
      keepAliveSeconds: Number(textOf(form, "keepAlive")),
    });
    onOpen(connection.id);
  };
  return (
    <FormDialog title="New connection" action="Connect" onSubmit={connect} onClose={onClose}>
      <TextField name="clientId" label="Client id" required class="code-input" defaultValue={clientId} />
      <div class="fields fields-in-two">
        <TextField name="username" label="User name" />
        <TextField name="password" label="Password" type="password" autocomplete="off" />
        <TextField
          name="keepAlive"
          label="Keep-alive, seconds"
          type="number"
          min={0}
          max={65535}
          required
          defaultValue={60}
        />
        <TextField name="expiry" label="Session expiry, seconds" type="number" min={0} required defaultValue={0} />
      </div>
      <CheckField name="cleanStart" label="Clean start" defaultChecked hint="Forget a session that is there already." />
    </FormDialog>
  );
}
