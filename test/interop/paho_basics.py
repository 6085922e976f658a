"""Eclipse Paho against a broker: every QoS and version, sessions, retained messages, wills, take-over."""

import sys

from checks import read_address, run
from paho_client import VERSIONS, Client, unique

address, _options = read_address()


def client(version, **options):
    return Client(address, version, **options).connect()


def publish_and_subscribe(publishing, subscribing, qos):
    topic = f"{unique('paho')}/value"
    subscriber = client(subscribing)
    publisher = client(publishing)
    try:
        subscriber.subscribe(topic, 2)
        for number in range(20):
            publisher.publish(topic, str(number), qos)
        expected = [(topic, str(number), qos, False) for number in range(20)]
        assert subscriber.take(20) == expected, subscriber.received
    finally:
        subscriber.end()
        publisher.end()


def persistent_session(version):
    name = unique("session")
    topic = f"{name}/value"
    publisher = client(version)
    first = client(version, client_id=name, persistent=True)
    try:
        first.subscribe(topic, 2)
        first.end()
        for number in range(30):
            publisher.publish(topic, str(number), 1 + number % 2)
        publisher.publish(topic, "not queued", 0)
        second = client(version, client_id=name, persistent=True)
        try:
            if version != "3.1":
                assert second.session_present, "session present is 0"
            messages = second.take(30)
            for qos in (1, 2):
                payloads = [payload for _topic, payload, each, _retain in messages if each == qos]
                assert payloads == [str(number) for number in range(30) if 1 + number % 2 == qos], payloads
            publisher.publish(topic, "end", 1)
            assert second.payloads(1) == ["end"]
        finally:
            second.end()
        third = client(version, client_id=name)
        try:
            assert not third.session_present, "session present is 1 after a clean start"
        finally:
            third.end()
    finally:
        publisher.end()


def retained(version):
    topic = f"{unique('retained')}/value"
    publisher = client(version)
    try:
        publisher.publish(topic, "old", 1, retain=True)
        publisher.publish(topic, "new", 1, retain=True)
        late = client(version)
        try:
            late.subscribe(topic.replace("/value", "/+"), 1)
            assert late.take(1) == [(topic, "new", 1, True)], late.received
            publisher.publish(topic, "", 1, retain=True)
            assert late.take(1) == [(topic, "", 1, False)], late.received
        finally:
            late.end()
        later = client(version)
        try:
            later.subscribe(topic, 1)
            publisher.publish(topic, "end", 1)
            assert later.payloads(1) == ["end"], later.received
        finally:
            later.end()
    finally:
        publisher.end()


def will(version):
    topic = unique("will")
    witness = client(version)
    try:
        witness.subscribe(f"{topic}/#", 1)
        polite = client(version, will={"topic": f"{topic}/polite", "payload": "not sent"})
        polite.end()
        rude = client(version, will={"topic": f"{topic}/rude", "payload": "gone"})
        rude.cut()
        assert witness.take(1) == [(f"{topic}/rude", "gone", 1, False)], witness.received
    finally:
        witness.end()


def take_over(version):
    name = unique("twice")
    first = client(version, client_id=name, persistent=True)
    # The first one must not fight back: Paho reconnects by itself otherwise.
    first.paho.reconnect_delay_set(min_delay=120, max_delay=120)
    try:
        first.subscribe(f"{name}/value", 1)
        second = client(version, client_id=name, persistent=True)
        try:
            first.wait("the end of the first connection", lambda: first.disconnected is not None)
            if version == "5.0":
                assert first.disconnected == 0x8E, f"reason {first.disconnected}"
            second.publish(f"{name}/value", "mine", 1)
            assert second.payloads(1) == ["mine"]
            assert second.disconnected is None
        finally:
            second.end()
    finally:
        first.end()


def unsubscribing(version):
    topic = unique("unsubscribe")
    one = client(version)
    try:
        one.subscribe(f"{topic}/gone", 1)
        one.subscribe(f"{topic}/stays", 1)
        one.unsubscribe(f"{topic}/gone")
        one.publish(f"{topic}/gone", "gone", 1)
        one.publish(f"{topic}/stays", "stays", 1)
        assert one.payloads(1) == ["stays"], one.received
    finally:
        one.end()


checks = []
for sender in VERSIONS:
    for receiver in VERSIONS:
        for quality in (0, 1, 2):
            title = f"Paho {sender} to {receiver}, QoS {quality}"
            checks.append((title, lambda s=sender, r=receiver, q=quality: publish_and_subscribe(s, r, q)))
for each in VERSIONS:
    checks.append((f"Paho {each}: persistent session", lambda v=each: persistent_session(v)))
    checks.append((f"Paho {each}: retained", lambda v=each: retained(v)))
    checks.append((f"Paho {each}: will", lambda v=each: will(v)))
    checks.append((f"Paho {each}: take-over", lambda v=each: take_over(v)))
    checks.append((f"Paho {each}: unsubscribe", lambda v=each: unsubscribing(v)))

sys.exit(run(checks))
