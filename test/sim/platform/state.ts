// What the platform gives to one life of an object: `ctx` of a Durable Object, as far as ours use it.

import type { ObjectHost } from "./host.ts";
import { type Life, LifeEnded } from "./life.ts";
import type { ServerEnd } from "./line.ts";

export function durableState(host: ObjectHost, life: Life): DurableObjectState {
  const state = {
    id: { name: host.name, toString: () => host.name, equals: (other: { name: string }) => other.name === host.name },
    storage: lifeStorage(host, life),
    acceptWebSocket: (socket: ServerEnd, tags: readonly string[] = []) => socket.line.accept(tags),
    getWebSockets: (tag?: string) => {
      life.assertAlive();
      const lines = [...host.lines].filter(({ tags }) => tag === undefined || tags.includes(tag));
      return lines.map(({ server }) => server);
    },
    blockConcurrencyWhile: (action: () => Promise<void>) => life.blockWhile(action()),
    setWebSocketAutoResponse: () => {},
    getWebSocketAutoResponseTimestamp: (socket: ServerEnd) => socket.line.pingedAt(),
    abort: (reason: string) => {
      life.assertAlive();
      host.platform.surpriseUnlessInjected(host.name, reason);
      host.reset(`abort: ${reason}`);
      throw new LifeEnded(reason);
    },
  };
  return state as unknown as DurableObjectState;
}

function lifeStorage(host: ObjectHost, life: Life) {
  const { storage, platform } = host;
  const alive = <Arguments extends unknown[], Result>(action: (...args: Arguments) => Result) => {
    return (...args: Arguments): Result => {
      life.assertAlive();
      return action(...args);
    };
  };
  return {
    sql: {
      exec: alive((statement: string, ...bindings: unknown[]) => {
        platform.storageMayFail(host.random, statement);
        const rows = storage.execute(statement, bindings);
        return { toArray: () => rows, rowsRead: rows.length, rowsWritten: 0 };
      }),
    },
    transactionSync: alive(<Result>(action: () => Result) => storage.transaction(action)),
    setAlarm: alive((at: number | Date) => {
      platform.note("sets", host.name, () => `its alarm to ${at}`);
      storage.setAlarm(Number(at));
      return Promise.resolve();
    }),
    deleteAlarm: alive(() => {
      storage.setAlarm(undefined);
      return Promise.resolve();
    }),
    getAlarm: alive(() => Promise.resolve(storage.alarmAtMs ?? null)),
    deleteAll: alive(() => {
      storage.deleteAll();
      return Promise.resolve();
    }),
  };
}
