// What the deployment is configured with, and where each value comes from.

import { useState } from "preact/hooks";
import { call } from "../api/call.ts";
import { useResource } from "../api/resource.ts";
import type { Setting } from "../api/types.ts";
import { TextField } from "../parts/field.tsx";
import { Page } from "../parts/page.tsx";
import { Empty, WhenReady } from "../parts/states.tsx";
import { Table } from "../parts/table.tsx";
import { Badge, Code, count } from "../parts/words.tsx";

export function Settings() {
  const settings = useResource("settings", (signal) => call("GET /settings", { signal }));
  const [text, setText] = useState("");
  const wanted = text.trim().toUpperCase().replaceAll(" ", "_");
  return (
    <Page
      title="Settings"
      about="Variables of the Worker, as they hold now. They are changed in wrangler.toml and take effect with a deploy."
    >
      <div class="toolbar">
        <TextField
          name="filter"
          label="Name contains"
          type="search"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </div>
      <WhenReady resource={settings}>
        {({ items }) => {
          const shown = items.filter(({ name }) => name.includes(wanted));
          if (shown.length === 0) return <Empty title="No variable has that in its name" />;
          return (
            <Table
              caption="Variables"
              rows={shown}
              keyOf={({ name }) => name}
              columns={[
                { head: "Variable", cell: ({ name }) => <Code>{name}</Code> },
                { head: "Value", cell: (setting) => <Value setting={setting} /> },
                { head: "Default", cell: (setting) => <Default setting={setting} /> },
                { head: "Source", cell: ({ source }) => <Source source={source} /> },
              ]}
            />
          );
        }}
      </WhenReady>
    </Page>
  );
}

function Value({ setting: { value, isSecret, source } }: { readonly setting: Setting }) {
  if (isSecret) return <span class="faint">{source === "default" ? "none" : "set, and not shown"}</span>;
  if (value === "" || value === null) return <span class="faint">empty</span>;
  return <Code>{written(value)}</Code>;
}

/** Only where it is another. */
function Default({ setting }: { readonly setting: Setting }) {
  if (setting.value === setting.default) return null;
  return <span class="faint">{setting.default === "" ? "empty" : written(setting.default)}</span>;
}

function written(value: Setting["value"]): string {
  return typeof value === "number" ? count(value) : String(value);
}

function Source({ source }: { readonly source: Setting["source"] }) {
  return source === "default" ? <span class="faint">default</span> : <Badge>{source}</Badge>;
}
