// How many rows an import may bring, owner by owner.

import { describe, expect, test } from "vitest";
import { quotaOf, tooMany } from "../../../worker/admin/transfer/table.ts";

interface Row {
  readonly id: number;
  /** "": it does not count. */
  readonly owner: string;
}

function refusedOf(rows: readonly Row[], there: readonly Row[], max: number): number[] {
  const owners = there.map(({ owner }) => owner).filter((owner) => owner !== "");
  const known = new Map(owners.map((owner) => [owner, owners.filter((one) => one === owner).length]));
  const before = (row: Row) => there.find(({ id }) => id === row.id);
  const ownerOf = ({ owner }: Row) => (owner === "" ? undefined : owner);
  return tooMany(rows, { before }, { ownerOf, known, max, field: "owner" }).map(({ row }) => row);
}

const row = (id: number, owner: string): Row => ({ id, owner });

describe("two for each owner", () => {
  const full = [row(1, "a"), row(2, "a"), row(3, "b"), row(4, "")];
  test.each([
    ["one more", [row(5, "b"), row(6, "b")], [1]],
    ["the first of each is named", [row(5, "a"), row(6, "a"), row(7, "b"), row(8, "b")], [0, 3]],
    ["replaced where it was", [row(1, "a"), row(2, "a")], []],
    ["moved to who is full", [row(3, "a")], [0]],
    ["a swap, whichever comes first", [row(3, "a"), row(1, "b")], []],
    ["one that begins to count", [row(4, "a")], [0]],
    ["one that ceases to count makes room", [row(4, "a"), row(1, "")], []],
    ["what does not count", [row(5, ""), row(6, ""), row(7, "")], []],
  ])("%s", (_name, rows, refused) => {
    expect(refusedOf(rows, full, 2)).toEqual(refused);
  });

  test("who has more than that already gets no more, and may keep them", () => {
    const over = [row(1, "a"), row(2, "a"), row(3, "a")];
    expect(refusedOf([row(4, "a")], over, 2)).toEqual([0]);
    expect(refusedOf(over, over, 2)).toEqual([]);
  });
});

test("of a whole table: what is new counts, and nothing else", () => {
  const before = (id: number) => (id < 10 ? { id } : undefined);
  expect(tooMany([1, 2, 11, 12, 13], { before }, quotaOf("id", 10, 12))).toEqual([
    { row: 4, field: "id", message: "there may be 12, and there are 10" },
  ]);
});
