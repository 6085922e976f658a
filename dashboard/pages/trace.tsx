// One trace: what it has recorded, and what it records as it happens.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { wordsOf } from "../../src/trace/line.ts";
import { call } from "../api/call.ts";
import { useResource } from "../api/resource.ts";
import type { TraceDetails, TraceEvent } from "../api/types.ts";
import { download } from "../parts/download.ts";
import { TextField } from "../parts/field.tsx";
import { type Fact, Facts, Page, Section } from "../parts/page.tsx";
import { Empty, Loading, ProblemNotice, WhenReady } from "../parts/states.tsx";
import { Table } from "../parts/table.tsx";
import { Badge, Code, count, plural, Time } from "../parts/words.tsx";
import { useMay } from "../shell/caller.ts";
import { sayFailure } from "../shell/messages.tsx";
import { go, linkTo } from "../shell/place.ts";
import { DeleteTrace, stopTrace, traceKindWords } from "./trace-forms.tsx";
import { type Reading, useTraceReading } from "./trace-reading.ts";

const everyMs = 2_000;
const shownMax = 500;

export function TracePage({ id }: { readonly id: string }) {
  const path = { id };
  const trace = useResource(id, (signal) => call("GET /traces/{id}", { path, signal }), everyMs);
  const { reading, again } = useTraceReading(id);
  const mayOperate = useMay("operate");
  const [isDeleting, setDeleting] = useState(false);
  const details = trace.state === "ready" ? trace.value : undefined;
  const save = () => {
    const lines = reading.events.map((event) => `${JSON.stringify(event)}\n`);
    download(`trace-${id}.ndjson`, new Blob(lines, { type: "application/x-ndjson" }));
  };
  return (
    <Page
      title={details === undefined ? "Trace" : `Trace of ${details.value}`}
      back={{ href: linkTo("traces"), label: "Traces" }}
      actions={
        <>
          {mayOperate && details?.ended === null && (
            <button
              type="button"
              class="button button-main"
              onClick={() => void stopTrace(id).then(trace.reload, sayFailure)}
            >
              Stop
            </button>
          )}
          {reading.events.length > 0 && (
            <button type="button" class="button" onClick={save}>
              Download
            </button>
          )}
          {mayOperate && details !== undefined && (
            <button type="button" class="button button-quiet-bad" onClick={() => setDeleting(true)}>
              Delete
            </button>
          )}
        </>
      }
    >
      <WhenReady resource={trace}>
        {(value) => (
          <>
            <Facts facts={factsOf(value)} />
            <Events reading={reading} again={again} />
          </>
        )}
      </WhenReady>
      {isDeleting && <DeleteTrace id={id} onDone={() => go(linkTo("traces"))} onClose={() => setDeleting(false)} />}
    </Page>
  );
}

const endWords: Readonly<Record<NonNullable<TraceDetails["ended"]>, string>> = {
  time: "its time is over",
  stopped: "it was stopped",
  full: "it is full",
};

function factsOf(trace: TraceDetails): Fact[] {
  const { kind, value, payload, createdAtMs, createdBy, untilMs, keptUntilMs, ended, missed } = trace;
  return [
    {
      name: "State",
      value: <Badge tone={ended === null ? "good" : "plain"}>{ended === null ? "runs" : endWords[ended]}</Badge>,
    },
    { name: "Follows", value: traceKindWords(kind) },
    { name: "Which", value: <Code>{value}</Code> },
    { name: "Payloads", value: payload ? "the first 1,024 bytes" : "none" },
    {
      name: "Begun",
      value: (
        <>
          <Time at={createdAtMs} /> by {createdBy}
        </>
      ),
    },
    { name: ended === null ? "Ends" : "Ended", value: <Time at={untilMs} /> },
    { name: "Can be read until", value: <Time at={keptUntilMs} /> },
    ...(missed === 0 ? [] : [{ name: "Came too fast to be recorded", value: plural(missed, "event") }]),
  ];
}

interface EventsProps {
  readonly reading: Reading;
  readonly again: () => void;
}

function Events({ reading, again }: EventsProps) {
  const [sought, setSought] = useState("");
  const { state, events, problem } = reading;
  const wanted = sought.toLowerCase();
  const matching = events.filter((event) => wanted === "" || lineOf(event).toLowerCase().includes(wanted));
  const shown = matching.slice(-shownMax).reverse();
  return (
    <Section title="Events" actions={<p class="faint">{progressOf(reading)}</p>}>
      {problem !== undefined && <ProblemNotice problem={problem} retry={again} />}
      {events.length > 0 && (
        <div class="toolbar">
          <TextField
            name="sought"
            label="Only with these words"
            type="search"
            value={sought}
            onInput={(event) => setSought(event.currentTarget.value)}
          />
        </div>
      )}
      {shown.length > 0 && (
        <Table
          caption="Events, the last first"
          rows={shown}
          keyOf={({ number }) => String(number)}
          columns={[
            { head: "When", cell: ({ atMs }) => <Clock atMs={atMs} /> },
            { head: "Where", cell: ({ at }) => at },
            { head: "Who", cell: (event) => <Who event={event} /> },
            { head: "What", kind: "long", cell: (event) => <What event={event} /> },
          ]}
        />
      )}
      {matching.length > shownMax && (
        <p class="faint more">The last {count(shownMax)} are shown. The others are in the download.</p>
      )}
      {events.length > 0 && shown.length === 0 && <Empty title="No event has these words" />}
      {events.length === 0 && problem === undefined && <NothingYet state={state} />}
    </Section>
  );
}

function NothingYet({ state }: { readonly state: Reading["state"] }): ComponentChildren {
  if (state === "interrupted") return <Loading what="Connecting again" />;
  return state === "over" ? (
    <Empty title="Nothing happened" />
  ) : (
    <Empty title="Nothing has happened yet">
      <p>What does appears here at once.</p>
    </Empty>
  );
}

function progressOf({ state, events, why }: Reading): string {
  const read = plural(events.length, "event");
  switch (state) {
    case "reading":
      return `${read}, and more as they happen`;
    case "interrupted":
      return `${read}; the connection broke, and is made again`;
    case "over":
      return why === "deleted" ? `${read}; the trace was deleted` : `${read} in all`;
    case "failed":
      return read;
  }
}

const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
});

/** To the millisecond: what followed what is the question. */
function Clock({ atMs }: { readonly atMs: number }) {
  const date = new Date(atMs);
  return (
    <time dateTime={date.toISOString()} title={date.toLocaleString()}>
      {clock.format(date)}
    </time>
  );
}

function Who({ event: { clientId, address } }: { readonly event: TraceEvent }) {
  if (clientId === undefined) return address === undefined ? null : <Code>{address}</Code>;
  return (
    <a href={linkTo("clients", clientId)}>
      <Code>{clientId}</Code>
    </a>
  );
}

const bad: ReadonlySet<TraceEvent["what"]> = new Set(["refused", "denied", "dropped"]);

function What({ event }: { readonly event: TraceEvent }) {
  return <code class={bad.has(event.what) ? "code bad" : "code"}>{wordsOf(event)}</code>;
}

/** All that one sees of it. */
function lineOf(event: TraceEvent): string {
  const { at, clientId = "", address = "" } = event;
  return `${at} ${clientId} ${address} ${wordsOf(event)}`;
}
