// The topics that have a retained message, as a tree, with their values.

import type { TargetedSubmitEvent } from "preact";
import { useState } from "preact/hooks";
import { call } from "../api/call.ts";
import { useList } from "../api/list.ts";
import type { RetainedMessage } from "../api/types.ts";
import { FormDialog } from "../parts/dialog.tsx";
import { TextField, textOf } from "../parts/field.tsx";
import { Page } from "../parts/page.tsx";
import { bytesOfBase64 } from "../parts/payload.ts";
import { PayloadView } from "../parts/payload-view.tsx";
import { Empty, WhenReady } from "../parts/states.tsx";
import { MoreButton } from "../parts/table.tsx";
import { Badge, bytes, Code, Until } from "../parts/words.tsx";
import { useMay } from "../shell/caller.ts";
import { say } from "../shell/messages.tsx";
import { type Branch, treeOf } from "./topic-tree.ts";

type Open = { readonly what: "one"; readonly topic: string } | { readonly what: "filter" } | undefined;

const previewCharacters = 80;

export function Topics() {
  const [filter, setFilter] = useState("#");
  const list = useList("GET /retained", { query: { filter } });
  const [shown, setShown] = useState<string>();
  const [open, setOpen] = useState<Open>();
  const mayChange = useMay("operate");
  const search = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setFilter(textOf(new FormData(event.currentTarget), "filter") || "#");
  };
  const gone = (text: string) => {
    say(text);
    list.resource.reload();
  };
  return (
    <Page
      title="Topics"
      about="Topics with a retained message. Others leave no trace in the broker: subscribe to them in the console."
      actions={
        mayChange && (
          <button type="button" class="button button-quiet-bad" onClick={() => setOpen({ what: "filter" })}>
            Clear by filter
          </button>
        )
      }
    >
      <form class="toolbar" onSubmit={search}>
        <TextField name="filter" label="Topic filter" class="code-input" defaultValue={filter} />
        <button type="submit" class="button">
          Show
        </button>
      </form>
      <WhenReady resource={list.resource}>
        {(messages) => (
          <>
            {messages.length === 0 ? (
              <Empty title="Nothing is retained here">
                <p>A message that is published with RETAIN stays with its topic, for whoever subscribes later.</p>
              </Empty>
            ) : (
              <div class="tree-columns">
                <Tree branches={treeOf(messages)} shown={shown} onShow={setShown} />
                <Shown
                  message={messages.find(({ topic }) => topic === shown)}
                  {...(mayChange ? { onDelete: (topic) => setOpen({ what: "one", topic }) } : {})}
                />
              </div>
            )}
            {list.more !== undefined && <MoreButton more={list.more} />}
          </>
        )}
      </WhenReady>
      {open?.what === "one" && <DeleteOne topic={open.topic} onGone={gone} onClose={() => setOpen(undefined)} />}
      {open?.what === "filter" && <ClearFilter filter={filter} onGone={gone} onClose={() => setOpen(undefined)} />}
    </Page>
  );
}

interface TreeProps {
  readonly branches: readonly Branch<RetainedMessage>[];
  readonly shown: string | undefined;
  readonly onShow: (topic: string) => void;
}

function Tree({ branches, shown, onShow }: TreeProps) {
  return (
    <ul class="tree">
      {branches.map((branch) => (
        <li key={branch.path}>
          {branch.value !== undefined && <Leaf branch={branch} value={branch.value} shown={shown} onShow={onShow} />}
          {branch.branches.length > 0 && (
            <details open={branch.branches.length < 20}>
              <summary>
                <Code>{branch.level === "" ? "(empty level)" : branch.level}</Code>{" "}
                <span class="faint">{branch.count}</span>
              </summary>
              <Tree branches={branch.branches} shown={shown} onShow={onShow} />
            </details>
          )}
        </li>
      ))}
    </ul>
  );
}

interface LeafProps extends Omit<TreeProps, "branches"> {
  readonly branch: Branch<RetainedMessage>;
  readonly value: RetainedMessage;
}

function Leaf({ branch, value, shown, onShow }: LeafProps) {
  const preview = value.encoding === "text" ? value.payload.slice(0, previewCharacters) : bytes(value.payloadBytes);
  return (
    <button type="button" class="leaf" aria-pressed={branch.path === shown} onClick={() => onShow(branch.path)}>
      <Code>{branch.level === "" ? "(empty level)" : branch.level}</Code>
      <span class="leaf-value">{preview}</span>
    </button>
  );
}

interface ShownProps {
  readonly message: RetainedMessage | undefined;
  readonly onDelete?: (topic: string) => void;
}

function Shown({ message, onDelete }: ShownProps) {
  if (message === undefined) {
    return (
      <section class="panel message-panel" aria-label="Message">
        <p class="faint">Choose a topic to see its message in full.</p>
      </section>
    );
  }
  const { topic, payload, encoding, payloadBytes, qos, expiresAtMs, properties } = message;
  const { userProperties = [], ...rest } = properties;
  return (
    <section class="panel message-panel" aria-label="Message">
      <h2>
        <Code>{topic}</Code>
      </h2>
      <p class="faint">
        <Badge>QoS {qos}</Badge> {bytes(payloadBytes)}, expires: <Until at={expiresAtMs} />
      </p>
      <PayloadView payload={encoding === "base64" ? bytesOfBase64(payload) : new TextEncoder().encode(payload)} />
      <dl class="facts">
        {[...Object.entries(rest), ...userProperties.map(({ name, value }) => [`user: ${name}`, value] as const)].map(
          ([name, value], index) => (
            <div key={`${index} ${name}`}>
              <dt>{name}</dt>
              <dd>{String(value)}</dd>
            </div>
          ),
        )}
      </dl>
      {onDelete !== undefined && (
        <button type="button" class="button button-quiet-bad" onClick={() => onDelete(topic)}>
          Delete
        </button>
      )}
    </section>
  );
}

interface DialogProps {
  readonly onGone: (text: string) => void;
  readonly onClose: () => void;
}

function DeleteOne({ topic, onGone, onClose }: DialogProps & { readonly topic: string }) {
  const remove = async () => {
    await call("DELETE /retained/{topic}", { path: { topic } });
    onGone("The retained message is gone.");
  };
  return (
    <FormDialog
      title="Delete the retained message?"
      action="Delete message"
      isDangerous
      onSubmit={remove}
      onClose={onClose}
    >
      <p>
        Whoever subscribes to <Code>{topic}</Code> from now on does not get it. Who has it hears nothing of it.
      </p>
    </FormDialog>
  );
}

function ClearFilter({ filter, onGone, onClose }: DialogProps & { readonly filter: string }) {
  const clear = async (form: FormData) => {
    const wanted = textOf(form, "doomed");
    let deleted = 0;
    let after: string | null = "";
    while (after !== null) {
      const answer: { deleted: number; next: string | null } = await call("DELETE /retained", {
        query: { filter: wanted, after, limit: 1000 },
      });
      deleted += answer.deleted;
      after = answer.next;
    }
    onGone(`Retained messages that are gone: ${deleted}.`);
  };
  return (
    <FormDialog title="Clear by filter" action="Delete messages" isDangerous onSubmit={clear} onClose={onClose}>
      <TextField
        name="doomed"
        label="Topic filter"
        required
        class="code-input"
        defaultValue={filter === "#" ? "" : filter}
        hint="Every retained message whose topic matches is deleted."
      />
    </FormDialog>
  );
}
