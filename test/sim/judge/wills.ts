// Each abnormal end publishes its will once, each normal end none. Judged by what the observers received, who were
// subscribed all the time. Nobody is left to be told that a full queue refused a will: under small queues it may be missing.

import type { ConnectionRecord, Ledger } from "../ledger.ts";

export function wills(
  { connections, sessions }: Ledger,
  observers: readonly string[],
  mayBeRefused: boolean,
): string[] {
  const watching = sessions.filter(({ client, hasEnded }) => observers.includes(client) && !hasEnded);
  return connections.flatMap((connection) => {
    const { will } = connection;
    if (will === undefined) return [];
    return watching.flatMap((session) => {
      // Who was not subscribed yet when the connection began may have missed its end.
      if (!session.subscriptions.some(({ grantedAt }) => grantedAt < will.sentAt)) return [];
      const times = session.receipts.filter(({ message }) => message === will).length;
      const [least, most] = expected(connection);
      if ((times >= least || mayBeRefused) && times <= most) return [];
      return [
        `${session.client} gets the will of ${connection.client} (message ${will.id}) ${times} times: ${connection.ending}`,
      ];
    });
  });
}

function expected({ will, isAccepted, ending, willDelaySeconds, hasSuccessor }: ConnectionRecord): [number, number] {
  const most = will?.qos === 2 ? 1 : Number.POSITIVE_INFINITY;
  if (ending === "open" || ending === "normal") return [0, 0];
  // A new connection within the delay takes the will back.
  const isSure = isAccepted && ending === "abnormal" && !(willDelaySeconds > 0 && hasSuccessor);
  return [isSure ? 1 : 0, most];
}
