// What a backup's file is taken for before anything is written into it.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { survey } from "../../../cli/backup-file.ts";

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
