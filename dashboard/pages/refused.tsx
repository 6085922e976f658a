// Why a client was refused: looked up by its id, whether or not it has ever got in.

import type { TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { TextField, textOf } from "../parts/field.tsx";
import { Page } from "../parts/page.tsx";
import { useMay } from "../shell/caller.ts";
import { go, linkTo } from "../shell/place.ts";
import { Refusals } from "./refusals.tsx";
import { NewTrace } from "./trace-forms.tsx";

export function Refused({ clientId }: { readonly clientId: string | undefined }) {
  const mayOperate = useMay("operate");
  const [isTracing, setTracing] = useState(false);
  const search = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    go(linkTo("refused", textOf(new FormData(event.currentTarget), "clientId")));
  };
  return (
    <Page
      title="Refused"
      about="A client cannot connect, publish or subscribe, and nobody knows why: ask here by its client id."
      actions={
        mayOperate && (
          <button type="button" class="button" onClick={() => setTracing(true)}>
            Trace what comes next
          </button>
        )
      }
    >
      <form class="toolbar" onSubmit={search}>
        <TextField name="clientId" label="Client id" required class="code-input" defaultValue={clientId} />
        <button type="submit" class="button button-main">
          Ask why
        </button>
      </form>
      {clientId !== undefined && <Refusals clientId={clientId} />}
      {isTracing && (
        <NewTrace {...(clientId === undefined ? {} : { value: clientId })} onClose={() => setTracing(false)} />
      )}
    </Page>
  );
}
