// Stands for the package `lru-cache`: MQTT.js keeps topic aliases in one, and the console sets none.

exports.LRUCache = function LRUCache() {
  return new Map();
};
