// All pages there are, in the order of the menu.

import type { ComponentChild } from "preact";
import type { Scope } from "../api/types.ts";
import { AllSubscriptions } from "../pages/all-subscriptions.tsx";
import { ApiKeys } from "../pages/api-keys.tsx";
import { Audit } from "../pages/audit.tsx";
import { Bans } from "../pages/bans.tsx";
import { ClientPage } from "../pages/client.tsx";
import { Clients } from "../pages/clients.tsx";
import { Console } from "../pages/console.tsx";
import { Groups } from "../pages/groups.tsx";
import { Overview } from "../pages/overview.tsx";
import { Refused } from "../pages/refused.tsx";
import { Rules } from "../pages/rules.tsx";
import { Settings } from "../pages/settings.tsx";
import { Templates } from "../pages/templates.tsx";
import { Topics } from "../pages/topics.tsx";
import { TracePage } from "../pages/trace.tsx";
import { Traces } from "../pages/traces.tsx";
import { Transfer } from "../pages/transfer.tsx";
import { UserPage } from "../pages/user.tsx";
import { Users } from "../pages/users.tsx";
import { WebhookPage } from "../pages/webhook.tsx";
import { Webhooks } from "../pages/webhooks.tsx";

export interface PageEntry {
  /** The first part of the address. */
  readonly path: string;
  readonly title: string;
  /** Without it the page could only say that it may not show anything. */
  readonly scope: Scope;
  /** Undefined when there is no page at the rest of the address. */
  readonly show: (rest: readonly string[], query: URLSearchParams) => ComponentChild;
}

export interface NavSection {
  readonly title: string;
  readonly pages: readonly PageEntry[];
}

export const sections: readonly NavSection[] = [
  {
    title: "Traffic",
    pages: [
      { path: "overview", title: "Overview", scope: "read", show: () => <Overview /> },
      {
        path: "clients",
        title: "Clients",
        scope: "read",
        show: ([clientId]) =>
          clientId === undefined ? <Clients /> : <ClientPage key={clientId} clientId={clientId} />,
      },
      { path: "templates", title: "Session templates", scope: "read", show: () => <Templates /> },
      { path: "subscriptions", title: "Subscriptions", scope: "read", show: () => <AllSubscriptions /> },
      { path: "topics", title: "Topics", scope: "read", show: () => <Topics /> },
      {
        path: "webhooks",
        title: "Webhooks",
        scope: "read",
        show: ([name]) => (name === undefined ? <Webhooks /> : <WebhookPage key={name} name={name} />),
      },
      {
        path: "traces",
        title: "Traces",
        scope: "read",
        show: ([id]) => (id === undefined ? <Traces /> : <TracePage key={id} id={id} />),
      },
      { path: "console", title: "Console", scope: "read", show: () => <Console /> },
    ],
  },
  {
    title: "Access",
    pages: [
      {
        path: "users",
        title: "Users",
        scope: "read",
        show: ([name]) => (name === undefined ? <Users /> : <UserPage key={name} name={name} />),
      },
      { path: "groups", title: "Groups", scope: "read", show: () => <Groups /> },
      { path: "rules", title: "Rules", scope: "read", show: () => <Rules /> },
      { path: "bans", title: "Bans", scope: "read", show: () => <Bans /> },
      {
        path: "refused",
        title: "Refused",
        scope: "read",
        show: ([clientId]) => <Refused key={clientId} clientId={clientId} />,
      },
      { path: "api-keys", title: "API keys", scope: "admin", show: () => <ApiKeys /> },
    ],
  },
  {
    title: "Deployment",
    pages: [
      { path: "settings", title: "Settings", scope: "read", show: () => <Settings /> },
      { path: "transfer", title: "Export and import", scope: "admin", show: () => <Transfer /> },
      { path: "audit", title: "Audit log", scope: "admin", show: () => <Audit /> },
    ],
  },
];
