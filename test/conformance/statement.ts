// A normative statement, and what it asks of this server.

export interface Statement {
  /** Its number in the specification. */
  readonly id: string;
  readonly who: "server" | "client" | "both";
  readonly says: string;
  /** Of a rule for clients: what this server does about a breach. It is then held to that. */
  readonly policed?: string;
  /** Of a rule for clients: why this server does not notice a breach. */
  readonly unpoliced?: string;
  /** Why it does not concern this server although it is a rule for servers. */
  readonly notOurs?: string;
}

/** Whether this server can keep or break it: every such statement needs a test, or a reason why it has none. */
export function bindsUs({ who, policed, notOurs }: Statement): boolean {
  if (notOurs !== undefined) return false;
  return who !== "client" || policed !== undefined;
}
