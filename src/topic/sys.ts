// The topics under $SYS: what the broker says of itself, to those who ask. The list is closed; nothing of it is ever published.

import { matches } from "./match.ts";

export const sysTopics = {
  "$SYS/broker/version": "Name and version of the broker",
  "$SYS/broker/uptime": "Seconds since the answering copy of the Worker began",
  "$SYS/broker/clients/connected": "Clients that are connected, as the list of clients has it",
  "$SYS/broker/clients/disconnected": "Sessions whose client is away or has yet to come",
  "$SYS/broker/clients/total": "Both together",
  "$SYS/broker/messages/received": "Messages taken from clients, by the answering copy",
  "$SYS/broker/messages/sent": "Messages sent to clients, by the answering copy",
  "$SYS/broker/bytes/received": "Bytes of their payloads",
  "$SYS/broker/bytes/sent": "Bytes of their payloads",
  "$SYS/broker/publish/messages/dropped": "Messages given up, by the answering copy",
  "$SYS/broker/subscriptions/count": "Subscriptions of all sessions, groups included",
  "$SYS/broker/retained messages/count": "Retained messages",
} as const;

export type SysTopic = keyof typeof sysTopics;

export const sysTopicNames = Object.keys(sysTopics) as readonly SysTopic[];

/** Those that any of the filters matches. A filter that begins with a wildcard matches none of them [MQTT-4.7.2-1]. */
export function sysTopicsMatching(filters: readonly string[]): SysTopic[] {
  return sysTopicNames.filter((topic) => filters.some((filter) => matches(filter, topic)));
}

export function isSysFilter(filter: string): boolean {
  return filter.startsWith("$SYS");
}
