// What a backup's file is taken for before anything is written into it.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isOfGroups, linesOf, survey } from "../../../cli/backup-file.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "backup-file-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileWith(content: string): string {
  const file = join(folder, "file");
  writeFileSync(file, content);
  return file;
}

test.each(["", '{"kind"', '{"kind":"backup","version":1,"id"'])(
  "a backup that was cut short in its first line may be begun anew: %j",
  async (content) => {
    expect(await survey(fileWith(content))).toBe(undefined);
  },
);

test.each(["notes", "notes\nmore\n", '{"kind":"session"}'])("another file is left alone: %j", async (content) => {
  await expect(survey(fileWith(content))).rejects.toThrow("is no backup of DurableMQ");
});

test.each([
  ["page", '{"kind":"page","next":"a{"kind":"rows"}\n'],
  ["shard", '{"kind":"shard","groups":["a{"kind":"page","next":null,"owed":0}\n'],
])("a line of a %s in which the next one begins is named", async (_, broken) => {
  const read = async () => {
    const file = fileWith(`{"kind":"backup","version":1}\n${broken}`);
    await survey(file);
    for await (const line of linesOf(file)) isOfGroups(line);
  };
  await expect(read()).rejects.toThrow("Line 2 of the backup is broken");
});

test("so is the first line", async () => {
  await expect(survey(fileWith('{"kind":"backup"{"kind":"rows"}\n'))).rejects.toThrow("Line 1 of the backup is broken");
});
