// The contracts of SQL port and stores on the storage of a Durable Object, with rows as they are billed.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe } from "vitest";
import { counters } from "../../worker/counters.ts";
import { ObjectSql } from "../../worker/sql.ts";
import { delayedRowsContract } from "./delayed-rows.ts";
import type { ContractDriver, WithDriver } from "./driver.ts";
import { sessionStoreContract } from "./session-store.ts";
import { shardStoreContract } from "./shard-store.ts";
import { sqlContract } from "./sql.ts";

class CountedSql extends ObjectSql implements ContractDriver {
  rowsWritten(): number {
    return counters.get("rows_written");
  }
}

let databases = 0;

/** A session object that nobody connected to has an empty database. */
const withObjectSql: WithDriver = async (run) => {
  const stub = env.SESSION.getByName(`c:contract-${databases++}`);
  await runInDurableObject(stub, (_, { storage }) => run(new CountedSql(storage)));
};

describe("SQL", () => sqlContract(withObjectSql));
describe("session store", () => sessionStoreContract(withObjectSql));
describe("shard store", () => shardStoreContract(withObjectSql));
describe("delayed rows", () => delayedRowsContract(withObjectSql));
