// What an operator has laid down for sessions by the client ids that they belong to: the subscriptions and limits that a session
// has from its first moment. A template says nothing about a session that is there already.
//
//   1. The first template in their order whose pattern the client id fits counts, and no other.
//   2. It says where the session has others than the deployment and its user: limits, and the longest expiry.
//   3. Of its filters those are left out that cannot be filled in for this client; see src/auth/placeholders.ts.
//   4. It gives no right: what the rules do not allow the client is refused to the template too.

import { filterFor } from "../auth/placeholders.ts";
import type { SessionOverrides } from "./changes.ts";
import type { SubscriptionRequest } from "./subscribe.ts";

/** As it is for one client. */
export interface SessionTemplate {
  readonly subscriptions: readonly SubscriptionRequest[];
  readonly limits: SessionOverrides;
}

export interface NamedTemplate extends SessionTemplate {
  readonly pattern: string;
}

/** `templates` stand in their order. */
export function templateFor(
  templates: readonly NamedTemplate[],
  clientId: string,
  user: string | undefined,
): SessionTemplate | undefined {
  const template = templates.find(({ pattern }) => fits(pattern, clientId));
  if (template === undefined) return undefined;
  const values = { clientId, user, claims: {} };
  const subscriptions = template.subscriptions.flatMap((subscription) => {
    const filter = filterFor({ filter: subscription.filter, effect: "allow" }, values);
    return filter === undefined ? [] : [{ ...subscription, filter }];
  });
  return { subscriptions, limits: template.limits };
}

/** `*` stands for any characters, also none. Each piece is found where it first is, so no pattern takes long. */
export function fits(pattern: string, clientId: string): boolean {
  const [first = "", ...pieces] = pattern.split("*");
  const last = pieces.pop();
  if (last === undefined) return clientId === pattern;
  if (!clientId.startsWith(first)) return false;
  let at = first.length;
  for (const piece of pieces) {
    const found = clientId.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return clientId.length - last.length >= at && clientId.endsWith(last);
}
