// What a user or a group may have more or less of than the deployment says. What is absent is as the deployment has it.

export const overridableLimits = [
  /** Of the client's session. */
  "subscriptionsMax",
  "queueMessagesMax",
  "queueBytesMax",
  "inflightMax",
  "sessionExpirySecondsMax",
  "publishMessagesPerSecond",
  "publishBytesPerSecond",
  /** Of all clients of one user together. */
  "connectionsMax",
  "connectsPerMinute",
] as const;

export type OverridableLimit = (typeof overridableLimits)[number];
export type LimitOverrides = { readonly [Name in OverridableLimit]?: number };

/** The user's own word counts before the groups'; of several groups that name a limit, the most generous one's. */
export function joinLimits(own: LimitOverrides, groups: readonly LimitOverrides[]): LimitOverrides {
  const joined: { [Name in OverridableLimit]?: number } = {};
  for (const name of overridableLimits) {
    const ofGroups = groups.map((limits) => limits[name]).filter((value) => value !== undefined);
    const value = own[name] ?? (ofGroups.length === 0 ? undefined : mostGenerous(name, ofGroups));
    if (value !== undefined) joined[name] = value;
  }
  return joined;
}

/** Of a rate, 0 stands for no limit. */
function mostGenerous(name: OverridableLimit, values: readonly number[]): number {
  return isUnlimitedAtZero(name) && values.includes(0) ? 0 : Math.max(...values);
}

export function isUnlimitedAtZero(name: OverridableLimit): boolean {
  return /PerSecond$|PerMinute$|^connections/.test(name);
}
