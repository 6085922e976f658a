// The contracts of SQL port and stores on node:sqlite, where rows are not counted.

import { describe } from "vitest";
import { NodeSql } from "../support/node-sql.ts";
import { delayedRowsContract } from "./delayed-rows.ts";
import type { ContractDriver, WithDriver } from "./driver.ts";
import { sessionStoreContract } from "./session-store.ts";
import { shardStoreContract } from "./shard-store.ts";
import { sqlContract } from "./sql.ts";

class UncountedSql extends NodeSql implements ContractDriver {
  rowsWritten(): undefined {
    return undefined;
  }
}

const withNodeSql: WithDriver = async (run) => run(new UncountedSql());

describe("SQL", () => sqlContract(withNodeSql));
describe("session store", () => sessionStoreContract(withNodeSql));
describe("shard store", () => shardStoreContract(withNodeSql));
describe("delayed rows", () => delayedRowsContract(withNodeSql));
