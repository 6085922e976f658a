// Each command is found by the name that it has, and a newcomer finds out from it what it does, with what, and how a script uses it.

import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { commands } from "../../../cli/commands.ts";

/** They show what other tools print. */
const withoutJson = ["build", "deploy"];

function leavesOf(command: Command, name = command.name()): (readonly [string, Command])[] {
  if (command.commands.length === 0) return [[name, command]];
  return command.commands.flatMap((inner) => leavesOf(inner, `${name} ${inner.name()}`));
}

describe.each([...commands])("%s", async (name, load) => {
  const command = await load();

  test("has its name, and a line in the list of all", () => {
    expect(command.name()).toBe(name);
    expect(command.summary()).not.toBe("");
  });

  test.each(leavesOf(command))("%s says what it does and what each option is, and speaks JSON", (_, leaf) => {
    expect(leaf.description()).toMatch(/^[A-Z].*[.?]$/s);
    for (const { long, description } of leaf.options) expect([long, description]).not.toEqual([long, ""]);
    const flags = leaf.options.map(({ long }) => long);
    if (!withoutJson.includes(name)) expect(flags).toContain("--json");
  });
});
