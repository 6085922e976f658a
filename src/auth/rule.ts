// An access rule as the operator writes it. Its filter may hold placeholders; src/auth/placeholders.ts makes it fit one client.

import type { QoS } from "../protocol/packet.ts";

export type RuleSubjectKind = "user" | "group" | "client" | "everyone";

export interface Rule {
  /** Rises with time. */
  readonly id: string;
  /** Rules are tried by rising position, then id; the first that fits decides. */
  readonly position: number;
  readonly effect: "allow" | "deny";
  readonly action: "publish" | "subscribe" | "all";
  readonly subjectKind: RuleSubjectKind;
  /** "" for everyone. */
  readonly subject: string;
  readonly filter: string;
  /** Of the message, or asked for; any, if absent. */
  readonly qos?: readonly QoS[];
  /** Of a message that is published; either, if absent. */
  readonly retain?: boolean;
}
