export { default as MqttClient, type IClientOptions } from "mqtt/lib/client";
export { browserStreamBuilder } from "mqtt/lib/connect/ws";
