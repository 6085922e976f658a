"""A small client over Eclipse Paho for Python: blocking steps with a deadline, and everything received kept in order.

Works with Paho 1.x and 2.x; transport is WebSocket.
"""

import socket
import threading
import time
import uuid

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

VERSIONS = {"3.1": mqtt.MQTTv31, "3.1.1": mqtt.MQTTv311, "5.0": mqtt.MQTTv5}
TIMEOUT_SECONDS = 20


def unique(prefix):
    """A name no other check uses; short enough for the client ids of 3.1."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


class Client:
    def __init__(self, address, version="3.1.1", client_id=None, persistent=False, will=None, keepalive=60):
        self.address = address
        self.version = version
        self.client_id = client_id or unique("paho")
        self.persistent = persistent
        self.keepalive = keepalive
        self.received = []
        self.granted = {}
        self.published = set()
        self.unsubscribed = set()
        self.connected = None
        self.disconnected = None
        self.session_present = None
        self.changed = threading.Condition()
        self.taken = 0
        self.paho = self._make(will)

    def _make(self, will):
        options = {
            "client_id": self.client_id,
            "protocol": VERSIONS[self.version],
            "transport": "websockets",
        }
        if self.version != "5.0":
            options["clean_session"] = not self.persistent
        if hasattr(mqtt, "CallbackAPIVersion"):
            options["callback_api_version"] = mqtt.CallbackAPIVersion.VERSION1
        client = mqtt.Client(**options)
        client.ws_set_options(path=self.address["path"])
        client.max_inflight_messages_set(20)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_unsubscribe = self._on_unsubscribe
        if will is not None:
            client.will_set(will["topic"], will["payload"], will.get("qos", 1), will.get("retain", False))
        return client

    def _note(self, change):
        with self.changed:
            change()
            self.changed.notify_all()

    def _on_connect(self, _client, _data, flags, code, _properties=None):
        def change():
            present = flags["session present"] if isinstance(flags, dict) else flags.session_present
            self.session_present = bool(present)
            self.connected = getattr(code, "value", code)

        self._note(change)

    def _on_disconnect(self, _client, _data, code, _properties=None):
        self._note(lambda: setattr(self, "disconnected", getattr(code, "value", code)))

    def _on_message(self, _client, _data, message):
        self._note(lambda: self.received.append((message.topic, message.payload.decode(), message.qos, message.retain)))

    def _on_publish(self, _client, _data, mid, *_rest):
        self._note(lambda: self.published.add(mid))

    def _on_subscribe(self, _client, _data, mid, granted, *_rest):
        codes = [getattr(code, "value", code) for code in granted]
        self._note(lambda: self.granted.__setitem__(mid, codes))

    def _on_unsubscribe(self, _client, _data, mid, *_rest):
        self._note(lambda: self.unsubscribed.add(mid))

    def wait(self, what, is_true, seconds=TIMEOUT_SECONDS):
        deadline = time.monotonic() + seconds
        with self.changed:
            while not is_true():
                left = deadline - time.monotonic()
                assert left > 0, f"{self.client_id}: not within {seconds} s: {what}; received {self.received[-5:]}"
                self.changed.wait(left)

    def connect(self):
        extra = {}
        if self.version == "5.0":
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = 3600 if self.persistent else 0
            extra = {"clean_start": not self.persistent, "properties": properties}
        self.paho.connect(self.address["host"], self.address["port"], self.keepalive, **extra)
        self.paho.loop_start()
        self.wait("CONNACK", lambda: self.connected is not None)
        assert self.connected == 0, f"CONNACK code {self.connected}"
        return self

    def subscribe(self, topic, qos=2):
        _result, mid = self.paho.subscribe(topic, qos)
        self.wait("SUBACK", lambda: mid in self.granted)
        assert self.granted[mid] == [qos], f"SUBACK {self.granted[mid]} for QoS {qos}"

    def unsubscribe(self, topic):
        _result, mid = self.paho.unsubscribe(topic)
        self.wait("UNSUBACK", lambda: mid in self.unsubscribed)

    def publish(self, topic, payload, qos=1, retain=False):
        """Returns when the conversation of its QoS is over."""
        information = self.paho.publish(topic, payload, qos, retain)
        self.wait(f"the end of PUBLISH {topic}", lambda: information.mid in self.published)

    def take(self, count, seconds=TIMEOUT_SECONDS):
        self.wait(f"{count} messages", lambda: len(self.received) >= self.taken + count, seconds)
        messages = self.received[self.taken : self.taken + count]
        self.taken += count
        return messages

    def payloads(self, count, seconds=TIMEOUT_SECONDS):
        return [payload for _topic, payload, _qos, _retain in self.take(count, seconds)]

    def end(self):
        """Disconnects in good order."""
        self.paho.disconnect()
        self.paho.loop_stop()

    def cut(self):
        """Breaks the connection without DISCONNECT, and does not come back."""
        wrapped = self.paho.socket()
        self.paho._thread_terminate = True
        if wrapped is not None:
            # Below the WebSocket, so that neither a closing frame nor a DISCONNECT leaves.
            wrapped._socket.shutdown(socket.SHUT_RDWR)
        self.paho.loop_stop()
