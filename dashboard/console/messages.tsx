// What the connection has received, the newest first, and one message in full.

import { useState } from "preact/hooks";
import { payloadText, type View } from "../parts/payload.ts";
import { ViewChoice } from "../parts/payload-view.tsx";
import { Empty } from "../parts/states.tsx";
import { Badge, bytes, Code, count } from "../parts/words.tsx";
import type { Connection, Message } from "./connection.ts";

const previewCharacters = 120;
const previewBytes = 480;

export function Messages({ connection }: { readonly connection: Connection }) {
  const { messages, forgotten } = connection;
  const [openId, setOpenId] = useState<number>();
  const [view, setView] = useState<View>("auto");
  return (
    <section class="panel messages-panel">
      <header class="panel-head">
        <h2>
          Messages <span class="faint">{count(messages.length)}</span>
        </h2>
        <ViewChoice view={view} onChange={setView} />
        <button
          type="button"
          class="button"
          disabled={messages.length === 0}
          onClick={() => connection.forgetMessages()}
        >
          Clear
        </button>
      </header>
      {messages.length === 0 ? (
        <Empty title="Nothing received yet">
          <p>Subscribe to a filter, and what matches it appears here.</p>
        </Empty>
      ) : (
        <ol class="message-list">
          {messages.map((message) => (
            <MessageItem
              key={message.id}
              message={message}
              view={view}
              isOpen={message.id === openId}
              onToggle={() => setOpenId(message.id === openId ? undefined : message.id)}
            />
          ))}
        </ol>
      )}
      {forgotten > 0 && <p class="faint">{count(forgotten)} older messages are not kept.</p>}
    </section>
  );
}

interface MessageProps {
  readonly message: Message;
  readonly view: View;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

function MessageItem({ message, view, isOpen, onToggle }: MessageProps) {
  const { atMs, topic, payload, qos, retain, duplicate, properties } = message;
  return (
    <li class="message">
      <button type="button" class="message-head" aria-expanded={isOpen} onClick={onToggle}>
        <Code>{topic}</Code>
        <span class="message-facts">
          {retain && <Badge>retained</Badge>}
          {duplicate && <Badge tone="warn">again</Badge>}
          QoS {qos} · {bytes(payload.length)} · <time>{new Date(atMs).toLocaleTimeString()}</time>
        </span>
        {!isOpen && <span class="message-preview">{preview(payload)}</span>}
      </button>
      {isOpen && (
        <div class="message-body">
          <pre>{payloadText(payload, view)}</pre>
          {properties.length > 0 && (
            <dl class="facts">
              {properties.map(([name, value], index) => (
                <div key={`${index} ${name}`}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          )}
        </div>
      )}
    </li>
  );
}

function preview(payload: Uint8Array): string {
  if (payload.length === 0) return "(empty)";
  const text = new TextDecoder().decode(payload.subarray(0, previewBytes)).replaceAll(/\s+/g, " ");
  return text.length > previewCharacters ? `${text.slice(0, previewCharacters)}…` : text;
}
