// Stands for the package `readable-stream`: the four classes that MQTT.js uses of it, without its operators and pipelines.
// What its entrance sets for them is set here as well.

const { Stream } = require("readable-stream/lib/internal/streams/legacy");

Stream._isUint8Array = (value) => value instanceof Uint8Array;
Stream._uint8ArrayToBuffer = (chunk) => Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);

exports.Readable = require("readable-stream/lib/internal/streams/readable");
exports.Writable = require("readable-stream/lib/internal/streams/writable");
exports.Duplex = require("readable-stream/lib/internal/streams/duplex");
exports.Transform = require("readable-stream/lib/internal/streams/transform");
