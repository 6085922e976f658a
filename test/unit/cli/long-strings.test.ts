// What MQTT cannot carry is refused before it is sent: there is nobody at that address who could be asked.

import { expect, test } from "vitest";
import { pubCommand } from "../../../cli/commands/pub.ts";
import { subCommand } from "../../../cli/commands/sub.ts";

const long = "é".repeat(32_768);
const url = ["--url", "ws://127.0.0.1:1"];

test.each([
  ["topic", pubCommand, [long, "m"]],
  ["content type", pubCommand, ["t", "m", "--content-type", long]],
  ["response topic", pubCommand, ["t", "m", "--response-topic", long]],
  ["name of a property", pubCommand, ["t", "m", "--property", `${long}=v`]],
  ["value of a property", pubCommand, ["t", "m", "--property", `n=${long}`]],
  ["client id", pubCommand, ["t", "m", "--client-id", long]],
  ["user name", subCommand, ["t", "--user", long]],
  ["filter", subCommand, ["t", long]],
])("a %s of more than 65,535 bytes", async (name, command, words) => {
  const ended = command().parseAsync([...words, ...url], { from: "user" });
  await expect(ended).rejects.toThrow(`The ${name} is longer than the 65535 bytes that MQTT has room for.`);
});

test("a topic of none", async () => {
  const ended = pubCommand().parseAsync(["", "m", ...url], { from: "user" });
  await expect(ended).rejects.toThrow("A topic has at least one character.");
});
