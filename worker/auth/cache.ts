// What is known of the control database in this copy of the Worker, never older than the bound while the database answers.
// While it does not, what is known goes on being used, and it is asked again now and then; what is not known stays unknown.
//
// A value is loaded by one caller at a time, and the others wait for it.

import { SharedLoad } from "../shared-load.ts";

export interface CacheSettings {
  readonly maxAgeMs: number;
  readonly entriesMax: number;
}

interface Entry<Value> {
  value: Value;
  loadedAtMs: number;
  /** The database did not answer: not asked again before. */
  retryAtMs: number;
}

const retryMs = 1_000;

export class Cache<Value extends { readonly revision: number }> {
  readonly #load: (key: string) => Promise<Value>;
  readonly #settings: CacheSettings;
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #loads = new Map<string, SharedLoad<Value>>();

  constructor(load: (key: string) => Promise<Value>, settings: CacheSettings) {
    this.#load = load;
    this.#settings = settings;
  }

  /** What is known at this moment, if it is good. */
  peek(key: string, nowMs: number): Value | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && this.#isGood(entry, nowMs) ? entry.value : undefined;
  }

  /** What was known last, however old. */
  last(key: string): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Fails when nothing is known and the database does not answer. */
  async get(key: string, nowMs: number): Promise<Value> {
    const known = this.peek(key, nowMs);
    if (known !== undefined) return known;
    try {
      const value = await this.#loadOnce(key);
      this.#keep(key, { value, loadedAtMs: nowMs, retryAtMs: 0 });
      return value;
    } catch (error) {
      const entry = this.#entries.get(key);
      if (entry === undefined) throw error;
      entry.retryAtMs = nowMs + retryMs;
      return entry.value;
    }
  }

  /** The database has changed: what is older is not good any more, not even while the database is away. */
  outdate(key: string, revision: number): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined && entry.value.revision < revision) this.#entries.delete(key);
    this.#loads.delete(key);
  }

  #isGood({ loadedAtMs, retryAtMs }: Entry<Value>, nowMs: number): boolean {
    return nowMs - loadedAtMs < this.#settings.maxAgeMs || nowMs < retryAtMs;
  }

  async #loadOnce(key: string): Promise<Value> {
    const shared = this.#loads.get(key) ?? new SharedLoad<Value>();
    this.#loads.set(key, shared);
    try {
      return await shared.get(() => this.#load(key));
    } finally {
      if (this.#loads.get(key) === shared) this.#loads.delete(key);
    }
  }

  #keep(key: string, entry: Entry<Value>): void {
    const known = this.#entries.get(key);
    // A slower reader must not bring back what was before.
    if (known !== undefined && known.value.revision > entry.value.revision) return;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size <= this.#settings.entriesMax) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}
