// A topic shard's store on node:sqlite, filled from short texts: "filter session q1 nl rap id=7 gen=2".

import type { Route, ShardChange } from "../../src/shard/changes.ts";
import { ShardStore } from "../../src/store/shard-store.ts";
import { Sql } from "../../src/store/sql.ts";
import { topicKey } from "../../src/topic/key.ts";
import { NodeSql } from "./node-sql.ts";
import { records, Words } from "./records.ts";

export function memoryShard(): ShardStore {
  return new ShardStore(new Sql(new NodeSql()));
}

export function route(text: string): { readonly key: string; readonly filter: string; readonly route: Route } {
  const words = new Words(text);
  const filter = words.first;
  return {
    key: topicKey(filter),
    filter,
    route: {
      session: words.words[1] ?? "",
      generation: words.number("gen", 1),
      qos: words.qos,
      noLocal: words.has("nl"),
      retainAsPublished: words.has("rap"),
      identifier: words.number("id", 0),
    },
  };
}

export function putRoutes(store: ShardStore, ...texts: readonly string[]): void {
  store.apply(
    texts.map((text): ShardChange => {
      const { key, route: put } = route(text);
      return { kind: "put-route", key, route: put };
    }),
  );
}

/** Records as in test/support/records.ts. */
export function putRetained(store: ShardStore, ...texts: readonly string[]): void {
  store.apply(
    texts.map((text): ShardChange => {
      const topic = text.slice(0, text.indexOf(":"));
      return { kind: "put-retained", key: topicKey(topic), body: records(`${text} retain`) };
    }),
  );
}
