// All routes of the HTTP API.

import { allSubscriptionRoutes } from "./all-subscriptions.ts";
import { apiKeyRoutes } from "./api-keys.ts";
import { auditRoutes } from "./audit.ts";
import { backupRoutes } from "./backups.ts";
import { banRoutes } from "./bans.ts";
import { clientRoutes } from "./clients.ts";
import { consumerRoutes } from "./consumer.ts";
import { deadLetterRoutes } from "./dead-letters.ts";
import { deviceKeyRoutes } from "./device-keys.ts";
import { explainRoutes } from "./explain.ts";
import { groupRoutes } from "./groups.ts";
import { provisioningRoutes } from "./provisioning.ts";
import { publishRoutes } from "./publish.ts";
import { retainedRoutes } from "./retained.ts";
import type { Route } from "./route.ts";
import { ruleRoutes } from "./rules.ts";
import { selfRoutes } from "./self.ts";
import { sessionRoutes } from "./sessions.ts";
import { settingsRoutes } from "./settings.ts";
import { subscriptionRoutes } from "./subscriptions.ts";
import { sysRoutes } from "./sys.ts";
import { tailRoutes } from "./tail.ts";
import { templateRoutes } from "./templates.ts";
import { traceRoutes } from "./traces.ts";
import { transferRoutes } from "./transfer.ts";
import { userRoutes } from "./users.ts";
import { webhookRoutes } from "./webhooks.ts";

export const routes: readonly Route[] = [
  ...clientRoutes,
  ...sessionRoutes,
  ...provisioningRoutes,
  ...templateRoutes,
  ...subscriptionRoutes,
  ...consumerRoutes,
  ...publishRoutes,
  ...retainedRoutes,
  ...tailRoutes,
  ...allSubscriptionRoutes,
  ...sysRoutes,
  ...traceRoutes,
  ...userRoutes,
  ...deviceKeyRoutes,
  ...groupRoutes,
  ...ruleRoutes,
  ...banRoutes,
  ...apiKeyRoutes,
  ...webhookRoutes,
  ...deadLetterRoutes,
  ...auditRoutes,
  ...transferRoutes,
  ...backupRoutes,
  ...explainRoutes,
  ...settingsRoutes,
  ...selfRoutes,
];
