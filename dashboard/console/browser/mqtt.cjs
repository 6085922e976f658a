// The two parts of MQTT.js that the console is made of. They are CommonJS, and bundlers and compilers disagree about what
// their default export is when a module imports it.

exports.MqttClient = require("mqtt/lib/client").default;
exports.browserStreamBuilder = require("mqtt/lib/connect/ws").browserStreamBuilder;
