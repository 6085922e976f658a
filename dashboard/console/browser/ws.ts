// Stands for the package `ws`: a browser has WebSockets of its own.

export default WebSocket;
