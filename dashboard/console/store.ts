// All connections of the console in this tab.

import { useEffect, useState } from "preact/hooks";
import { Connection, type ConnectionOptions } from "./connection.ts";

const listeners = new Set<() => void>();
let connections: readonly Connection[] = [];
let count = 0;
let isTold = false;

/** Messages may come by the thousand; what is shown changes once a frame. */
function changed(): void {
  if (isTold) return;
  isTold = true;
  requestAnimationFrame(() => {
    isTold = false;
    for (const listener of listeners) listener();
  });
}

export function open(options: ConnectionOptions): Connection {
  const connection = new Connection(count++, options, changed);
  connections = [...connections, connection];
  changed();
  return connection;
}

export function close(connection: Connection): void {
  connection.close();
  connections = connections.filter((each) => each !== connection);
  changed();
}

export function useConnections(): readonly Connection[] {
  const [, setRound] = useState(0);
  useEffect(() => {
    const listener = () => setRound((round) => round + 1);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return connections;
}
