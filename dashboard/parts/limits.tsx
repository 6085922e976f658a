// What a user or a group may have more or less of than the deployment says.

import { isUnlimitedAtZero, type OverridableLimit, overridableLimits } from "../../src/auth/limits.ts";
import { TextField, textOf } from "./field.tsx";
import type { Fact } from "./page.tsx";
import { count } from "./words.tsx";

const labels: Readonly<Record<OverridableLimit, string>> = {
  subscriptionsMax: "Subscriptions",
  queueMessagesMax: "Queued messages",
  queueBytesMax: "Queued bytes",
  inflightMax: "Messages under way",
  sessionExpirySecondsMax: "Session expiry, seconds",
  publishMessagesPerSecond: "Published messages a second",
  publishBytesPerSecond: "Published bytes a second",
  connectionsMax: "Connections",
  connectsPerMinute: "Connects a minute",
};

type Limits = Readonly<Record<string, number>>;

export function limitFacts(limits: Limits): Fact[] {
  return overridableLimits
    .filter((name) => limits[name] !== undefined)
    .map((name) => ({ name: labels[name], value: `at most ${count(limits[name] ?? 0)}` }));
}

export function LimitFields({ limits }: { readonly limits: Limits }) {
  return (
    <details class="limits">
      <summary>Limits other than the deployment’s</summary>
      <div class="fields fields-in-two">
        {overridableLimits.map((name) => (
          <TextField
            key={name}
            name={name}
            label={labels[name]}
            type="number"
            min={0}
            step={1}
            defaultValue={limits[name]}
            hint={isUnlimitedAtZero(name) ? "0: no limit" : undefined}
          />
        ))}
      </div>
    </details>
  );
}

export function limitsOf(form: FormData): Limits {
  const given = overridableLimits.map((name) => [name, textOf(form, name)] as const).filter(([, text]) => text !== "");
  return Object.fromEntries(given.map(([name, text]) => [name, Number(text)]));
}
