// Each command is found by the name that it has.

import { expect, test } from "vitest";
import { commands } from "../../../cli/commands.ts";

test.each([...commands])("%s", async (name, load) => {
  const command = await load();
  expect(command.name()).toBe(name);
  expect(command.summary()).not.toBe("");
});
