"""Sixty messages at QoS 2 for clients that are away, with a kill of the broker between the two phases.

`--phase before`: subscribes, leaves, publishes. `--phase after`: comes back and must get all of them once, in order.
"""

import sys

from checks import read_address, run
from paho_client import VERSIONS, Client

address, options = read_address()
COUNT = 60


def name_of(version):
    return f"{options.name}-{version.replace('.', '')}"


def before(version):
    name = name_of(version)
    subscriber = Client(address, version, client_id=name, persistent=True).connect()
    subscriber.subscribe(f"{name}/value", 2)
    subscriber.end()
    publisher = Client(address, version).connect()
    try:
        for number in range(COUNT):
            publisher.publish(f"{name}/value", str(number), 2)
    finally:
        publisher.end()


def after(version):
    name = name_of(version)
    subscriber = Client(address, version, client_id=name, persistent=True).connect()
    try:
        if version != "3.1":
            assert subscriber.session_present, "the session is gone"
        payloads = subscriber.payloads(COUNT)
        assert payloads == [str(number) for number in range(COUNT)], payloads
        subscriber.publish(f"{name}/value", "end", 2)
        assert subscriber.payloads(1) == ["end"], subscriber.received[COUNT:]
    finally:
        subscriber.end()


phases = {"before": before, "after": after}
if options.phase not in phases:
    sys.exit("--phase before, kill the broker and start it again, then --phase after")
step = phases[options.phase]
sys.exit(
    run([(f"Paho {version}: sixty at QoS 2, {options.phase} the kill", lambda v=version: step(v)) for version in VERSIONS])
)
