// Aedes over WebSocket as a process of its own: PORT in the environment, one line with "ready". Its data is in memory, or,
// as PERSISTENCE says, in LevelDB in FOLDER or in the Redis at REDIS_PORT.

import { createServer } from "node:http";
import { Aedes, type AedesOptions } from "aedes";
import { createWebSocketStream, WebSocketServer } from "ws";

async function persistence(): Promise<AedesOptions["persistence"]> {
  switch (process.env["PERSISTENCE"]) {
    case "level": {
      const [{ default: persist }, { Level }] = await Promise.all([import("aedes-persistence-level"), import("level")]);
      return persist(new Level(`${process.env["FOLDER"]}/level`));
    }
    case "redis": {
      const { default: persist } = await import("aedes-persistence-redis");
      return persist({ host: "127.0.0.1", port: Number(process.env["REDIS_PORT"]) });
    }
    default:
      return undefined;
  }
}

const kept = await persistence();
const broker = await Aedes.createBroker(kept === undefined ? {} : { persistence: kept });
const server = createServer();
const sockets = new WebSocketServer({
  server,
  handleProtocols: (protocols) => (protocols.has("mqtt") ? "mqtt" : (protocols.values().next().value ?? false)),
});
sockets.on("connection", (socket, request) => {
  const stream = createWebSocketStream(socket);
  stream.on("error", () => socket.terminate());
  broker.handle(stream, request);
});
server.listen(Number(process.env["PORT"]), "127.0.0.1", () => process.stdout.write("aedes is ready\n"));
