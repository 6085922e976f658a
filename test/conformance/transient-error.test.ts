// A shard that cannot be reached, seen from the publisher: no packet can bring that about from outside.

import { test } from "vitest";
import { play } from "../support/script.ts";

test("[MQTT3-4.8.0-2] a transient error while a PUBLISH is processed closes the connection", () => {
  play([
    ["connect v4", "connack"],
    ["publish a:m q1 #1", "ask publish a:m q1"],
    ["fail a", "refusal Server busy", "close"],
  ]);
});
