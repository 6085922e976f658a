// What the SQL port promises, and the migrations on top of it.

import { expect, test } from "vitest";
import { type Migrations, migrate, schemaVersion } from "../../src/store/migrations.ts";
import { Sql, sqlLimits } from "../../src/store/sql.ts";
import type { WithDriver } from "./driver.ts";

const first: Migrations = [["CREATE TABLE one (id INTEGER PRIMARY KEY, name TEXT NOT NULL)"]];
const second: Migrations = [
  ...first,
  ["ALTER TABLE one ADD COLUMN age INTEGER NOT NULL DEFAULT 7", "CREATE TABLE two (id INTEGER PRIMARY KEY)"],
];

export function sqlContract(withDriver: WithDriver): void {
  const onSql = (run: (sql: Sql) => void) => () => withDriver((driver) => run(new Sql(driver)));

  test(
    "values come back as they went in",
    onSql((sql) => {
      const bytes = Uint8Array.of(0, 1, 255);
      sql.run("CREATE TABLE t (a, b, c, d, e)");
      sql.run("INSERT INTO t VALUES (?, ?, ?, ?, ?)", "é😀\u0001", 2 ** 53 - 1, bytes, null, new Uint8Array());
      const row = sql.first("SELECT * FROM t");
      expect({ ...row }).toEqual({ a: "é😀\u0001", b: 2 ** 53 - 1, c: bytes, d: null, e: new Uint8Array() });
      expect(row?.["c"]).toBeInstanceOf(Uint8Array);
      expect([sql.first("SELECT * FROM t WHERE a = ?", "x"), sql.all("SELECT a FROM t WHERE b = 0")]).toEqual([
        undefined,
        [],
      ]);
    }),
  );

  test(
    "a transaction that throws leaves nothing, nor does one within it, and its error comes out",
    onSql((sql) => {
      sql.run("CREATE TABLE t (a)");
      const error = new Error("ours");
      const failing = () =>
        sql.transaction(() => {
          sql.run("INSERT INTO t VALUES (1)");
          sql.transaction(() => sql.run("INSERT INTO t VALUES (2)"));
          throw error;
        });
      expect(failing).toThrow(error);
      expect(sql.all("SELECT * FROM t")).toEqual([]);
      const result = sql.transaction(() => {
        sql.run("INSERT INTO t VALUES (1)");
        expect(() =>
          sql.transaction(() => {
            sql.run("INSERT INTO t VALUES (2)");
            throw error;
          }),
        ).toThrow(error);
        return "done";
      });
      expect([result, sql.all("SELECT a FROM t").map((row) => row["a"])]).toEqual(["done", [1]]);
    }),
  );

  test(
    "the platform's limits hold everywhere",
    onSql((sql) => {
      sql.run("CREATE TABLE t (a, b)");
      const values = (count: number) => Array.from({ length: count }, () => "?").join();
      const many = (count: number) => Array.from({ length: count }, (_, index) => index);
      expect(sql.all(`SELECT ${values(sqlLimits.bindingsMax)}`, ...many(sqlLimits.bindingsMax))).toHaveLength(1);
      expect(() => sql.all(`SELECT ${values(sqlLimits.bindingsMax + 1)}`, ...many(sqlLimits.bindingsMax + 1))).toThrow(
        RangeError,
      );
      const half = sqlLimits.rowBytesMax / 2;
      expect(() => sql.run("INSERT INTO t VALUES (?, ?)", "x".repeat(half), new Uint8Array(half + 1))).toThrow(
        RangeError,
      );
      sql.run("INSERT INTO t VALUES (?, ?)", "x".repeat(half - 1000), new Uint8Array(half - 1000));
      expect(sql.first("SELECT length(a) + length(b) AS bytes FROM t")).toMatchObject({
        bytes: sqlLimits.rowBytesMax - 2000,
      });
    }),
  );

  test(
    "a schema is made from nothing, at once to the newest version",
    onSql((sql) => {
      expect(schemaVersion(sql)).toBe(0);
      migrate(sql, second, 0);
      expect(schemaVersion(sql)).toBe(2);
      sql.run("INSERT INTO one (id, name) VALUES (1, 'x')");
      expect(sql.first("SELECT age FROM one")).toMatchObject({ age: 7 });
    }),
  );

  test(
    "an older schema is brought forward, with what is in it; a newer one is taken as it is",
    onSql((sql) => {
      migrate(sql, first, schemaVersion(sql));
      sql.run("INSERT INTO one (id, name) VALUES (1, 'x')");
      migrate(sql, second, schemaVersion(sql));
      expect(schemaVersion(sql)).toBe(2);
      expect(sql.first("SELECT * FROM one")).toMatchObject({ id: 1, name: "x", age: 7 });
      migrate(sql, first, schemaVersion(sql));
      expect(schemaVersion(sql)).toBe(2);
      migrate(sql, second, schemaVersion(sql));
      expect(schemaVersion(sql)).toBe(2);
    }),
  );

  test(
    "a migration that fails leaves the schema as it was",
    onSql((sql) => {
      migrate(sql, first, 0);
      const broken: Migrations = [...second, ["CREATE TABLE three (id INTEGER PRIMARY KEY)", "CREATE TABLE one (id)"]];
      expect(() => migrate(sql, broken, schemaVersion(sql))).toThrow();
      expect(schemaVersion(sql)).toBe(1);
      expect(sql.all("SELECT name FROM sqlite_master WHERE name IN ('two', 'three')")).toEqual([]);
    }),
  );
}
