// What a user, a group or a session may have more or less of than the deployment says.

import type { ComponentChildren } from "preact";
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

type Limits = Readonly<Record<string, unknown>>;

export function limitFacts(limits: Limits): Fact[] {
  return overridableLimits.flatMap((name) => {
    const value = limits[name];
    return typeof value === "number" ? [{ name: labels[name], value: `at most ${count(value)}` }] : [];
  });
}

/** All of them in a line; "" if there are none. */
export function limitWords(limits: Limits): string {
  return limitFacts(limits)
    .map(({ name, value }) => `${name}: ${value}`)
    .join("; ");
}

interface LimitFieldsProps {
  readonly limits: Limits;
  readonly names?: readonly OverridableLimit[];
  readonly min?: number;
  /** Further ones. */
  readonly children?: ComponentChildren;
}

export function LimitFields({ limits, names = overridableLimits, min = 0, children }: LimitFieldsProps) {
  return (
    <details class="limits">
      <summary>Limits other than the deployment’s</summary>
      <div class="fields fields-in-two">
        {names.map((name) => (
          <TextField
            key={name}
            name={name}
            label={labels[name]}
            type="number"
            min={min}
            step={1}
            defaultValue={limits[name] as number | undefined}
            hint={isUnlimitedAtZero(name) ? "0: no limit" : undefined}
          />
        ))}
        {children}
      </div>
    </details>
  );
}

export function limitsOf(form: FormData): Readonly<Record<string, number>> {
  const given = overridableLimits.map((name) => [name, textOf(form, name)] as const).filter(([, text]) => text !== "");
  return Object.fromEntries(given.map(([name, text]) => [name, Number(text)]));
}
