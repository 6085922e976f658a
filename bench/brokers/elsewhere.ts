// A broker that somebody else started and that is only named by its address: it can be measured, not killed.

import type { Broker } from "./broker.ts";

export function brokerElsewhere(name: string, url: string): Broker {
  const refuse = (): Promise<never> =>
    Promise.reject(new Error(`${name} was not started here, so it is not ended here`));
  return {
    name,
    features: { shared: true, delayed: true, versionFive: true, qualities: [0, 1, 2] },
    url,
    pid: undefined,
    pids: [],
    metricsUrl: undefined,
    durability: "unknown",
    kill9: refuse,
    restart: refuse,
    stop: async () => {},
  };
}
