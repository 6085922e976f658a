import { expect, test } from "vitest";
import { covers, matches } from "../../../src/topic/match.ts";

const matching: readonly [id: string, filter: string, topic: string, expected: boolean][] = [
  ["MQTT-4.7.1-1", "sport/tennis/player1/#", "sport/tennis/player1", true],
  ["MQTT-4.7.1-1", "sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true],
  ["MQTT-4.7.1-1", "sport/#", "sport", true],
  ["MQTT-4.7.1-1", "sport/#", "sports", false],
  ["MQTT-4.7.1-1", "#", "/", true],
  ["MQTT-4.7.1-2", "sport/tennis/+", "sport/tennis/player1", true],
  ["MQTT-4.7.1-2", "sport/tennis/+", "sport/tennis/player1/ranking", false],
  ["MQTT-4.7.1-2", "sport/+", "sport", false],
  ["MQTT-4.7.1-2", "sport/+", "sport/", true],
  ["MQTT-4.7.1-2", "+/+", "/finance", true],
  ["MQTT-4.7.1-2", "/+", "/finance", true],
  ["MQTT-4.7.1-2", "+", "/finance", false],
  ["MQTT-4.7.1-2", "+/#", "finance", true],
  ["MQTT-4.7.2-1", "#", "$SYS/uptime", false],
  ["MQTT-4.7.2-1", "+/monitor/Clients", "$SYS/monitor/Clients", false],
  ["MQTT-4.7.2-1", "$SYS/#", "$SYS/uptime", true],
  ["MQTT-4.7.2-1", "$SYS/monitor/+", "$SYS/monitor/Clients", true],
  ["MQTT-4.7.2-1", "a/+", "a/$b", true],
  ["MQTT-4.7.3-4", "ACCOUNTS", "Accounts", false],
  ["MQTT-4.7.3-4", "\u00e9", "e\u0301", false],
  ["MQTT-4.7.3-4", "a/", "a", false],
  ["MQTT-1.5.4-3", "\ufeffa", "a", false],
];

test.each(matching)("%s: %s and %s: %s", (_id, filter, topic, expected) => {
  expect(matches(filter, topic)).toBe(expected);
});

const covering: readonly [rule: string, filter: string, expected: boolean][] = [
  ["a/+", "a/#", false],
  ["a/#", "a/+", true],
  ["a/#", "a", true],
  ["a/#", "a/#", true],
  ["a/+/#", "a/#", false],
  ["+/#", "#", true],
  ["+/+/#", "#", false],
  ["/+/#", "/#", true],
  ["+/+/#", "/#", true],
  ["a/+/#", "/#", false],
  ["+", "+", true],
  ["+", "#", false],
  ["a", "+", false],
  ["#", "$SYS/#", false],
  ["+/a", "$SYS/a", false],
  ["$SYS/#", "$SYS/a", true],
  ["$SYS/#", "#", false],
  ["a/+/c", "a/b/c", true],
  ["a/+", "a/b/c", false],
  ["a/b/c", "a/b", false],
];

test.each(covering)("covers: rule %s and filter %s: %s", (rule, filter, expected) => {
  expect(covers(rule, filter)).toBe(expected);
});
