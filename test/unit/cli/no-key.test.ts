// What is given for an API key may be another secret, or more than one: it is not shown.

import { afterEach, expect, test, vi } from "vitest";
import { clientsCommand } from "../../../cli/commands/clients.ts";

afterEach(() => void vi.unstubAllEnvs());

test.each(["hunter2\nhunter3", "hunter2 hunter3", "hünter2"])("%j", async (key) => {
  vi.stubEnv("DURABLEMQ_API_KEY", key);
  const ended = clientsCommand().parseAsync(["list", "--api", "http://127.0.0.1:1"], { from: "user" });
  await expect(ended).rejects.toThrow(/^What is given is no API key\. (?!.*h.nter)/);
});
