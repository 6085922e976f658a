// Aedes over WebSocket with its data in memory, as a process of its own: PORT in the environment, one line with "ready".

import { createServer } from "node:http";
import { Aedes } from "aedes";
import { createWebSocketStream, WebSocketServer } from "ws";

const broker = await Aedes.createBroker();
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
