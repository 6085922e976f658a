// Wills: when they are published, when they are not, and that no interruption loses or repeats one.

import { expect, test } from "vitest";
import { play } from "../support/script.ts";

test("[MQTT-3.14.4-3] a normal DISCONNECT takes the will back", () => {
  const rig = play([
    ["connect expiry=100 will=w:gone", "connack"],
    ["disconnect", "close"],
    ["crash"],
    ["wait 1000000"],
    ["tick"],
  ]);
  expect(rig.store.load().will).toBeUndefined();
});

test("[MQTT-3.1.2-8] DISCONNECT with 0x04, a violation and a cut publish it", () => {
  play([
    ["connect expiry=100 will=w:1 will-q1", "connack"],
    ["disconnect 0x04", "ask will w:1 q1 seq=1000000", "close"],
    ["answer w"],
    ["connect expiry=100 will=w:2 will-q2 will-retain", "connack present"],
    ["wait 5"],
    ["violation", "refusal Malformed packet", "ask will w:2 q2 retain seq=1000005", "disconnect 0x81", "close"],
    ["answer w"],
    ["connect expiry=100 will=w:3", "connack present"],
    ["wait 5"],
    ["cut", "ask will w:3 q0 seq=1000010"],
    ["answer w"],
    ["tick"],
  ]);
});

test("[MQTT-3.1.3-9] within the delay, a client that comes back is not mourned", () => {
  play([
    ["connect expiry=100 will=w:gone delay=10", "connack"],
    ["cut"],
    ["wait 9999"],
    ["tick"],
    ["connect expiry=100", "connack present"],
    ["cut"],
    ["wait 10000"],
    ["tick"],
  ]);
});

test("[MQTT-3.1.2-8] after the delay the will is published once, and its row goes when the shard confirms", () => {
  const rig = play([
    ["connect expiry=100 will=w:gone delay=10 will-q1", "connack"],
    ["cut"],
    ["wait 10000"],
    ["tick", "ask will w:gone q1 seq=1010000"],
    ["tick"],
    ["answer w"],
    ["wait 60000"],
    ["tick"],
  ]);
  expect(rig.store.load().will).toBeUndefined();
});

test("[MQTT-3.1.2-8] a session that ends before the delay is over publishes the will at its end", () => {
  play([
    ["connect expiry=5 will=w:1 delay=10", "connack"],
    ["cut"],
    ["wait 5000"],
    ["tick", "ask will w:1 q0 seq=1005000"],
    ["answer w"],
    ["connect will=w:2 delay=10", "connack"],
    ["cut", "ask will w:2 q0 seq=1005000"],
  ]);
});

test("[MQTT-3.1.4-3] a take-over publishes the old connection's will, unless it has a delay", () => {
  play([
    ["connect expiry=100 will=w:1", "connack"],
    [
      "connect expiry=100 will=w:2 delay=10",
      "refusal Session taken over",
      "ask will w:1 q0 seq=1000000",
      "disconnect 0x8e",
      "close",
      "connack present",
    ],
    ["answer w"],
    ["connect expiry=100", "refusal Session taken over", "disconnect 0x8e", "close", "connack present"],
    ["wait 100000"],
    ["tick"],
  ]);
});

test("[MQTT-3.1.2-8] a clean start during the delay ends the session, so the will is published", () => {
  play([
    ["connect expiry=100 will=w:1 delay=10", "connack"],
    ["cut"],
    ["wait 5000"],
    ["connect clean expiry=100 will=w:2", "ask will w:1 q0 seq=1005000", "connack"],
    ["answer w"],
    ["wait 5"],
    ["cut", "ask will w:2 q0 seq=1005005"],
  ]);
});

test("a crash with the client connected: the will is published when the end is noticed, after its delay", () => {
  play([
    ["connect expiry=100 will=w:1 will-q1", "connack"],
    ["crash"],
    ["wait 20000"],
    ["tick", "ask will w:1 q1 seq=1020000"],
    ["answer w"],
    ["connect expiry=100 will=w:2 delay=10", "connack present"],
    ["crash"],
    ["tick"],
    ["wait 10000"],
    ["tick", "ask will w:2 q0 seq=1030000"],
  ]);
});

test("[MQTT-3.1.2-8] a crash, and a clean start within the delay: the session ends, so the will is published", () => {
  play([
    ["connect expiry=100 will=w:1 delay=10", "connack"],
    ["crash"],
    ["connect clean expiry=100", "ask will w:1 q0 seq=1000000", "connack"],
  ]);
});

test("[MQTT-3.1.3-9] a crash, and a client that is back within the delay, though with a session of its own length", () => {
  play([
    ["connect expiry=100 will=w:1 delay=10", "connack"],
    ["crash"],
    ["connect", "connack present"],
    ["wait 10000"],
    ["tick"],
  ]);
});

test("a session's wills are told apart when the clock goes back between them, and its object sleeps", () => {
  play([
    ["connect expiry=100 will=w:1", "connack"],
    ["cut", "ask will w:1 q0 seq=1000000"],
    ["answer w"],
    ["sleep"],
    ["wait -60000"],
    ["connect expiry=100 will=w:2", "connack present"],
    ["cut", "ask will w:2 q0 seq=1000001"],
  ]);
});

test("a will that was on its way when the object lost its memory goes before later ones, though the clock went back", () => {
  play([
    ["connect expiry=100 will=w:1", "connack"],
    ["cut", "ask will w:1 q0 seq=1000000"],
    ["crash"],
    ["wait -60000"],
    ["connect expiry=100 will=w:2", "connack present"],
    ["cut", "ask will w:1 q0 seq=1000000", "ask will w:2 q0 seq=1000001"],
  ]);
});

test("a crash of a session without expiry: the will is published and the session ends", () => {
  const rig = play([
    ["connect will=w:1 delay=10", "connack"],
    ["crash"],
    ["wait 20000"],
    ["tick", "ask will w:1 q0 seq=1020000"],
    ["answer w"],
  ]);
  expect(rig.store.isEmpty).toBe(true);
});

test("a crash while the shard is asked: the will is asked again under the same number", () => {
  play([
    ["connect expiry=100 will=w:1 will-q1", "connack"],
    ["cut", "ask will w:1 q1 seq=1000000"],
    ["crash"],
    ["wait 20000"],
    ["tick", "ask will w:1 q1 seq=1000000"],
    ["answer w"],
    ["crash"],
    ["tick"],
  ]);
});

test("a shard out of reach: the will is tried again later, under the same number", () => {
  play([
    ["connect expiry=100 will=w:1 will-q1", "connack"],
    ["cut", "ask will w:1 q1 seq=1000000"],
    ["fail w"],
    ["wait 30000"],
    ["tick", "ask will w:1 q1 seq=1000000"],
    ["answer w"],
    ["wait 30000"],
    ["tick"],
  ]);
});

test("[MQTT-3.1.2-10] the will of a connection replaces none but its own", () => {
  play([
    ["connect expiry=100 will=w:1", "connack"],
    ["disconnect", "close"],
    ["connect expiry=100 will=w:2 will-expiry=7", "connack present"],
    ["cut", "ask will w:2 q0 seq=1000000 exp=1007000"],
  ]);
});

test("hibernation keeps the will", () => {
  play([["connect will=w:1", "connack"], ["sleep"], ["cut", "ask will w:1 q0 seq=1000000"]]);
});

test("a crash after a will of a session without expiry was routed: it is routed under the same number", () => {
  play([
    ["connect will=w:1 will-q1", "connack"],
    ["cut", "ask will w:1 q1 seq=1000000"],
    ["crash"],
    ["wait 20000"],
    ["tick", "ask will w:1 q1 seq=1000000"],
  ]);
});

test("a will in flight is not the next connection's: it is published once", () => {
  play([
    ["connect expiry=100 will=w:1 will-q1", "connack"],
    ["cut", "ask will w:1 q1 seq=1000000"],
    ["wait 5"],
    ["connect expiry=100", "connack present"],
    ["cut"],
    ["answer w"],
    ["wait 30000"],
    ["tick"],
  ]);
});

test("a will in flight is not taken back by the next connection's DISCONNECT: it is tried again", () => {
  play([
    ["connect expiry=100 will=w:1 will-q1", "connack"],
    ["cut", "ask will w:1 q1 seq=1000000"],
    ["connect expiry=100", "connack present"],
    ["disconnect", "close"],
    ["fail w"],
    ["wait 30000"],
    ["tick", "ask will w:1 q1 seq=1000000"],
  ]);
});

test("a will in flight is not lost when the next connection brings another, which is published too", () => {
  play([
    ["connect expiry=100 will=w:1 will-q1", "connack"],
    ["cut", "ask will w:1 q1 seq=1000000"],
    ["connect expiry=100 will=w:2", "connack present"],
    ["crash"],
    ["connect expiry=100 will=w:3", "ask will w:1 q1 seq=1000000", "ask will w:2 q0 seq=1000001", "connack present"],
    ["disconnect", "close"],
    ["fail w"],
    ["wait 30000"],
    ["tick", "ask will w:1 q1 seq=1000000", "ask will w:2 q0 seq=1000001"],
    ["answer w"],
    ["answer w"],
    ["wait 30000"],
    ["tick"],
  ]);
});

test("[MQTT-3.1.3-9] a client that comes back after a crash, within the delay of its will, is not mourned", () => {
  play([
    ["connect expiry=100 will=w:1 delay=10", "connack"],
    ["crash"],
    ["wait 20000"],
    ["connect expiry=100", "connack present"],
    ["cut"],
    ["wait 50000"],
    ["tick"],
  ]);
});
