// One webhook: how it is doing, what it could not deliver, and what can be done about it.

import { useState } from "preact/hooks";
import { call } from "../api/call.ts";
import { useResource } from "../api/resource.ts";
import type { Webhook, WebhookStatus } from "../api/types.ts";
import { FormDialog, SecretDialog } from "../parts/dialog.tsx";
import { type Fact, Facts, Page, Section } from "../parts/page.tsx";
import { WhenReady } from "../parts/states.tsx";
import { Badge, bytes, Code, count, plural, Time, Until } from "../parts/words.tsx";
import { useMay } from "../shell/caller.ts";
import { say, sayFailure } from "../shell/messages.tsx";
import { go, linkTo } from "../shell/place.ts";
import { DeadLetters } from "./dead-letters.tsx";
import { fieldsOf, WebhookForm } from "./webhook-form.tsx";

const everyMs = 3_000;

type Asked = "change" | "secret" | "delete";

export function WebhookPage({ name }: { readonly name: string }) {
  const path = { name };
  const webhook = useResource(`webhook ${name}`, (signal) => call("GET /webhooks/{name}", { path, signal }));
  const status = useResource(
    `status ${name}`,
    (signal) => call("GET /webhooks/{name}/status", { path, signal }),
    everyMs,
  );
  const reload = () => {
    webhook.reload();
    status.reload();
  };
  return (
    <Page
      title={name}
      back={{ href: linkTo("webhooks"), label: "Webhooks" }}
      actions={<Actions name={name} webhook={webhook.state === "ready" ? webhook.value : undefined} reload={reload} />}
    >
      <WhenReady resource={webhook}>{(value) => <Facts facts={factsOf(value)} />}</WhenReady>
      <Section title="How it is doing">
        <WhenReady resource={status}>{(value) => <Facts facts={statusFacts(value)} />}</WhenReady>
      </Section>
      <DeadLetters name={name} onChange={status.reload} />
    </Page>
  );
}

interface ActionsProps {
  readonly name: string;
  readonly webhook: Webhook | undefined;
  readonly reload: () => void;
}

function Actions({ name, webhook, reload }: ActionsProps) {
  const path = { name };
  const [mayOperate, mayChange] = [useMay("operate"), useMay("admin")];
  const [asked, setAsked] = useState<Asked>();
  const [secret, setSecret] = useState<string>();
  if (webhook === undefined) return null;
  const close = () => setAsked(undefined);
  const test = async () => {
    const { isDelivered, reason, detail } = await call("POST /webhooks/{name}/test", { path });
    say(isDelivered ? "The test was taken." : `The test was not taken: ${reason}, ${detail}`);
    reload();
  };
  const pause = async () => {
    await call(webhook.isPaused ? "POST /webhooks/{name}/resume" : "POST /webhooks/{name}/pause", { path });
    say(webhook.isPaused ? "It goes on." : "Nothing more is sent; what comes is kept.");
    reload();
  };
  const change = async (form: FormData) => {
    await call("PATCH /webhooks/{name}", { path, body: fieldsOf(form) });
    say("The webhook is changed.");
    reload();
  };
  const renew = async () => {
    setSecret((await call("POST /webhooks/{name}/secret", { path })).secret);
    reload();
  };
  const remove = async () => {
    await call("DELETE /webhooks/{name}", { path });
    say("The webhook is gone.");
    go(linkTo("webhooks"));
  };
  const tried = (action: () => Promise<void>) => () => void action().catch(sayFailure);
  return (
    <>
      {mayOperate && (
        <>
          <button type="button" class="button" onClick={tried(test)}>
            Send a test
          </button>
          <button type="button" class="button" onClick={tried(pause)}>
            {webhook.isPaused ? "Resume" : "Pause"}
          </button>
        </>
      )}
      {mayChange && (
        <>
          <button type="button" class="button" onClick={() => setAsked("change")}>
            Change
          </button>
          <button type="button" class="button" onClick={() => setAsked("secret")}>
            Renew secret
          </button>
          <button type="button" class="button button-quiet-bad" onClick={() => setAsked("delete")}>
            Delete
          </button>
        </>
      )}
      {asked === "change" && <WebhookForm webhook={webhook} onSubmit={change} onClose={close} />}
      {asked === "secret" && (
        <FormDialog title="Renew the secret?" action="Renew" onSubmit={renew} onClose={close}>
          <p>For a day both secrets sign. Give the new one to the endpoint within it.</p>
        </FormDialog>
      )}
      {asked === "delete" && (
        <FormDialog title={`Delete ${name}?`} action="Delete webhook" isDangerous onSubmit={remove} onClose={close}>
          <p>What waits for it and its dead letters go with it.</p>
        </FormDialog>
      )}
      {secret !== undefined && (
        <SecretDialog title="The new secret" secret={secret} onClose={() => setSecret(undefined)}>
          Keep it now: it is shown this once.
        </SecretDialog>
      )}
    </>
  );
}

function factsOf({ url, queue, filters, events, comment, formerSecretUntilMs }: Webhook): Fact[] {
  return [
    { name: url === null ? "Queue" : "Address", value: <Code>{url ?? queue}</Code> },
    {
      name: "Topic filters",
      value: filters.length === 0 ? "none" : filters.map((one) => <Code key={one}>{one}</Code>),
    },
    { name: "Events", value: events.length === 0 ? "none" : events.map((one) => <Badge key={one}>{one}</Badge>) },
    ...(comment === "" ? [] : [{ name: "Comment", value: comment }]),
    ...(formerSecretUntilMs === null
      ? []
      : [{ name: "The secret before signs until", value: <Time at={formerSecretUntilMs} /> }]),
  ];
}

function statusFacts(status: WebhookStatus): Fact[] {
  const { lastFailure, oldestQueuedAtMs, nextAttemptAtMs, delivered } = status;
  const drops = Object.entries(status.drops);
  const state = status.isPaused
    ? "paused"
    : status.failuresInARow > 0
      ? "failing"
      : status.isSending
        ? "sending"
        : "idle";
  return [
    {
      name: "State",
      value: <Badge tone={status.failuresInARow > 0 ? "bad" : status.isPaused ? "warn" : "good"}>{state}</Badge>,
    },
    { name: "Waiting", value: `${count(status.queueMessages)}, ${bytes(status.queueBytes)}` },
    ...(oldestQueuedAtMs === null ? [] : [{ name: "The oldest since", value: <Time at={oldestQueuedAtMs} /> }]),
    { name: "Delivered", value: `${count(delivered.items)} in ${plural(delivered.batches, "batch", "batches")}` },
    { name: "Last success", value: <Until at={status.lastSuccessAtMs} /> },
    { name: "Failed attempts", value: count(status.failedAttempts) },
    ...(lastFailure === null
      ? []
      : [
          {
            name: "Last failure",
            value: (
              <>
                <Time at={lastFailure.atMs} />: {lastFailure.reason}, {lastFailure.detail}
              </>
            ),
          },
        ]),
    ...(nextAttemptAtMs === null ? [] : [{ name: "Next attempt", value: <Time at={nextAttemptAtMs} /> }]),
    ...drops.map(([reason, value]) => ({ name: `Dropped: ${reason}`, value: count(value) })),
  ];
}
