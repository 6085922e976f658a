// Whether a program is there, and whether a port answers.

import { spawnSync } from "node:child_process";
import { connect } from "node:net";
import { NotInstalled } from "./broker.ts";

export function needCommand(command: string): void {
  const { status } = spawnSync("sh", ["-c", `command -v ${command}`], { stdio: "ignore" });
  if (status !== 0) throw new NotInstalled(`no command ${command}`);
}

export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
