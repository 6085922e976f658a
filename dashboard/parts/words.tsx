// Numbers, times and states as people read them.

import type { ComponentChildren } from "preact";

const number = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const units = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;

export function count(value: number): string {
  return number.format(value);
}

/** 1,234,567 as 1.23M. */
export function brief(value: number): string {
  if (value >= 10_000) return short.format(value);
  return number.format(value < 10 ? Math.round(value * 100) / 100 : Math.round(value));
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function bytes(value: number): string {
  if (value < 1024) return plural(value, "byte");
  const power = Math.min(4, Math.floor(Math.log2(value) / 10));
  return `${(value / 1024 ** power).toFixed(value / 1024 ** power < 10 ? 1 : 0)} ${["", "KiB", "MiB", "GiB", "TiB"][power]}`;
}

export function ago(atMs: number): string {
  const seconds = (atMs - Date.now()) / 1000;
  const [unit, size] = units.find(([, each]) => Math.abs(seconds) >= each) ?? ["second", 1];
  return Math.abs(seconds) < 1 ? "now" : relative.format(Math.round(seconds / size), unit);
}

export function Time({ at }: { readonly at: number }) {
  const date = new Date(at);
  return (
    <time dateTime={date.toISOString()} title={date.toLocaleString()}>
      {ago(at)}
    </time>
  );
}

export function Until({ at }: { readonly at: number | null }) {
  return at === null ? <span class="faint">never</span> : <Time at={at} />;
}

export type Tone = "good" | "bad" | "warn" | "plain";

export function Badge({ tone = "plain", children }: { readonly tone?: Tone; readonly children: ComponentChildren }) {
  return <span class={`badge badge-${tone}`}>{children}</span>;
}

/** What is compared letter by letter: ids, topics, filters. */
export function Code({ children }: { readonly children: ComponentChildren }) {
  return <code class="code">{children}</code>;
}
