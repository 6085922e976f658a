// A session under the hands of an operator and of workers that consume its queue without MQTT: short words for the tests.

import type { Connect, ServerPacket } from "../../src/protocol/packet.ts";
import type { Handle, PullAnswer, SettleRequest, SettleStatus } from "../../src/session/consume.ts";
import type { Report } from "../../src/session/effects.ts";
import type { SessionLimits } from "../../src/session/limits.ts";
import { generationOf } from "../../src/session/state.ts";
import type { SessionTemplate } from "../../src/session/template.ts";
import { tablesOf } from "../../src/store/rare-table.ts";
import { records, textOf } from "./records.ts";
import { packetText } from "./script-text.ts";
import { SessionRig } from "./session-rig.ts";

export interface Pulled {
  /** "topic:payload", in order. */
  readonly texts: string[];
  readonly handles: Handle[];
  readonly answer: PullAnswer;
}

export class ManagedSession {
  readonly rig: SessionRig;
  /** What the client was sent, and forgotten when it is looked at. */
  sent: string[] = [];
  readonly reports: Report[] = [];
  /** Changes of rows. */
  persisted = 0;
  /** How often its edge was told what of $SYS it wants. */
  sysTold = 0;
  readonly settled: { readonly ticket: number; readonly isDone: boolean }[] = [];

  constructor(limits: Partial<SessionLimits> = {}) {
    this.rig = new SessionRig(limits, {
      sent: (packet: ServerPacket) => this.sent.push(packetText(packet)),
      routed: () => {},
      closed: () => this.sent.push("close"),
      effects: ({ reports, carriedOut, persist, sysChanged }) => {
        this.persisted += persist.length;
        if (sysChanged) this.sysTold++;
        this.reports.push(...reports);
        this.settled.push(...carriedOut);
      },
    });
  }

  /** Made without a client, and with nothing. */
  static provisioned(limits: Partial<SessionLimits> = {}, expirySeconds = 0xffff_ffff): ManagedSession {
    const session = new ManagedSession(limits);
    session.rig.manage({ kind: "provision", clientId: "c1", expirySeconds, subscriptions: [], limits: {} });
    return session;
  }

  /** Everything that was sent since the last time. */
  takeSent(): string[] {
    return this.sent.splice(0);
  }

  connect(options: Partial<Connect> = {}, template?: SessionTemplate): void {
    this.rig.connect(connectOf(options), false, template);
  }

  /** Every shard that was asked answers. */
  answerAll(): void {
    while (!this.rig.isIdle) {
      for (const [shard, lane] of this.rig.lanes) if (lane.flight !== undefined) this.rig.answer(shard);
    }
  }

  deliver(...texts: readonly string[]): void {
    const generation = generationOf(this.rig.session) ?? 0;
    const part = { publisher: "p1", publisherGeneration: 1, generation, body: records(...texts), owed: false };
    this.rig.deliver(0, [part]);
  }

  pull(messagesMax: number, options: { bytesMax?: number; visibilityMs?: number } = {}): Pulled {
    const { bytesMax = 1_000_000, visibilityMs = 30_000 } = options;
    const answer = this.rig.manage({ kind: "pull", messagesMax, bytesMax, visibilityMs }).answer as PullAnswer;
    if (answer.kind !== "pulled") return { texts: [], handles: [], answer };
    const { generation, lease, messages } = answer;
    return {
      texts: messages.map(({ topic, payload }) => `${topic}:${textOf(payload)}`),
      handles: messages.map(({ position }) => ({ generation, lease, position })),
      answer,
    };
  }

  acknowledge(handles: readonly Handle[]): readonly SettleStatus[] {
    return this.settle({ kind: "settle", handles, action: "acknowledge", visibleInMs: 0 });
  }

  giveBack(handles: readonly Handle[], visibleInMs = 0): readonly SettleStatus[] {
    return this.settle({ kind: "settle", handles, action: "return", visibleInMs });
  }

  extend(handles: readonly Handle[], visibleInMs: number): readonly SettleStatus[] {
    return this.settle({ kind: "settle", handles, action: "extend", visibleInMs });
  }

  settle(request: SettleRequest): readonly SettleStatus[] {
    const { answer } = this.rig.manage(request);
    if (answer.kind !== "settled") throw new Error(`settle was answered ${answer.kind}`);
    return answer.statuses;
  }

  /** Rows of a table; 0 if it has not been made. */
  count(table: string): number {
    if (!tablesOf(this.rig.sql).has(table)) return 0;
    return this.rig.sql.first(`SELECT COUNT(*) AS count FROM ${table}`)?.["count"] as number;
  }
}

export function connectOf(options: Partial<Connect> = {}): Connect {
  return {
    type: "connect",
    version: 5,
    clientId: "c1",
    cleanStart: false,
    keepAliveSeconds: 60,
    sessionExpirySeconds: 0xffff_ffff,
    receiveMaximum: 65_535,
    maximumPacketBytes: 0x0fff_ffff,
    topicAliasMaximum: 0,
    requestResponseInformation: false,
    requestProblemInformation: true,
    userProperties: [],
    ...options,
  };
}
