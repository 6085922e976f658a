// The gateway as a process of its own, started by the command that people use.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ManagedProcess } from "../../bench/brokers/managed-process.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const pems = join(root, "test", "fixtures", "gateway");
const ready = /port (\d+), with TLS on (\d+)/;

export interface RunningGateway {
  readonly tcpPort: number;
  readonly tlsPort: number;
  /** What it has logged lately. */
  readonly output: () => string;
  readonly stop: () => Promise<void>;
}

export async function startGateway(brokerUrl: string, flags: readonly string[] = []): Promise<RunningGateway> {
  const tls = ["--tls-port", "0", "--cert", join(pems, "certificate.pem"), "--key", join(pems, "key.pem")];
  const process_ = new ManagedProcess({
    command: process.execPath,
    args: ["scripts/durablemq.mjs", "gateway", "--url", brokerUrl, "--port", "0", ...tls, ...flags],
    cwd: root,
    readyTimeoutMs: 30_000,
    isReady: (output) => ready.test(output),
  });
  await process_.start();
  const [, tcpPort, tlsPort] = ready.exec(process_.output) as RegExpExecArray;
  return {
    tcpPort: Number(tcpPort),
    tlsPort: Number(tlsPort),
    output: () => process_.output,
    stop: () => process_.stop(),
  };
}
