// A payload, in the form that the operator wants to see.

import { useState } from "preact/hooks";
import { payloadText, type View, views } from "./payload.ts";

interface ViewChoiceProps {
  readonly view: View;
  readonly onChange: (view: View) => void;
}

export function ViewChoice({ view, onChange }: ViewChoiceProps) {
  return (
    <label class="inline">
      Show as
      <select value={view} onChange={(event) => onChange(event.currentTarget.value as View)}>
        {views.map((each) => (
          <option key={each} value={each} selected={each === view}>
            {each}
          </option>
        ))}
      </select>
    </label>
  );
}

export function PayloadView({ payload }: { readonly payload: Uint8Array }) {
  const [view, setView] = useState<View>("auto");
  return (
    <div class="payload">
      <ViewChoice view={view} onChange={setView} />
      <pre>{payloadText(payload, view)}</pre>
    </div>
  );
}
