// The commands of `durablemq`: each in a file of its own, and loaded when it is the one that runs. Together they take longer to load
// than most of them take to run.

import type { Command } from "commander";

export const commands: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ["pub", async () => (await import("./commands/pub.ts")).pubCommand()],
  ["sub", async () => (await import("./commands/sub.ts")).subCommand()],
  ["retained", async () => (await import("./commands/retained.ts")).retainedCommand()],
  ["clients", async () => (await import("./commands/clients.ts")).clientsCommand()],
  ["kick", async () => (await import("./commands/kick.ts")).kickCommand()],
  ["provision", async () => (await import("./commands/provision.ts")).provisionCommand()],
  ["templates", async () => (await import("./commands/templates.ts")).templatesCommand()],
  ["users", async () => (await import("./commands/users.ts")).usersCommand()],
  ["acl", async () => (await import("./commands/acl.ts")).aclCommand()],
  ["trace", async () => (await import("./commands/trace.ts")).traceCommand()],
  ["webhooks", async () => (await import("./commands/webhooks.ts")).webhooksCommand()],
  ["bench", async () => (await import("./commands/bench.ts")).benchCommand()],
  ["gateway", async () => (await import("./commands/gateway.ts")).gatewayCommand()],
  ["build", async () => (await import("./commands/build.ts")).buildCommand()],
  ["doctor", async () => (await import("./commands/doctor.ts")).doctorCommand()],
  ["deploy", async () => (await import("./commands/deploy.ts")).deployCommand()],
  ["backup", async () => (await import("./commands/backup.ts")).backupCommand()],
  ["restore", async () => (await import("./commands/restore.ts")).restoreCommand()],
  ["export", async () => (await import("./commands/export.ts")).exportCommand()],
  ["import", async () => (await import("./commands/import.ts")).importCommand()],
]);
