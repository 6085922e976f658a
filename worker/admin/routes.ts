// All routes of the HTTP API.

import { apiKeyRoutes } from "./api-keys.ts";
import { auditRoutes } from "./audit.ts";
import { banRoutes } from "./bans.ts";
import { deviceKeyRoutes } from "./device-keys.ts";
import { explainRoutes } from "./explain.ts";
import { groupRoutes } from "./groups.ts";
import { publishRoutes } from "./publish.ts";
import { retainedRoutes } from "./retained.ts";
import type { Route } from "./route.ts";
import { ruleRoutes } from "./rules.ts";
import { selfRoutes } from "./self.ts";
import { settingsRoutes } from "./settings.ts";
import { userRoutes } from "./users.ts";

export const routes: readonly Route[] = [
  ...publishRoutes,
  ...retainedRoutes,
  ...userRoutes,
  ...deviceKeyRoutes,
  ...groupRoutes,
  ...ruleRoutes,
  ...banRoutes,
  ...apiKeyRoutes,
  ...auditRoutes,
  ...explainRoutes,
  ...settingsRoutes,
  ...selfRoutes,
];
