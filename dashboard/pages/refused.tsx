// Why a client was refused: looked up by its id, whether or not it has ever got in.

import type { TargetedSubmitEvent } from "preact";
import { TextField, textOf } from "../parts/field.tsx";
import { Page } from "../parts/page.tsx";
import { go, linkTo } from "../shell/place.ts";
import { Refusals } from "./refusals.tsx";

export function Refused({ clientId }: { readonly clientId: string | undefined }) {
  const search = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    go(linkTo("refused", textOf(new FormData(event.currentTarget), "clientId")));
  };
  return (
    <Page
      title="Refused"
      about="A client cannot connect, publish or subscribe, and nobody knows why: ask here by its client id."
    >
      <form class="toolbar" onSubmit={search}>
        <TextField name="clientId" label="Client id" required class="code-input" defaultValue={clientId} />
        <button type="submit" class="button button-main">
          Ask why
        </button>
      </form>
      {clientId !== undefined && <Refusals clientId={clientId} />}
    </Page>
  );
}
