# SPDX-License-Identifier: MIT
"""Line 11: 10^6 source addresses fed to the limiter leave its memory flat: less than 5 MB more, however they come."""

import ipaddress
import json
import subprocess
import sys
from typing import Any

from fks_exec_server.limits.addresses import counted, read_ip

MILLION = 1_000_000
MOST = 5 * 1024 * 1024
"""Bytes."""

NAMES = """
def names():
    for number in range(500_000):
        yield f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        yield f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::/64"
"""
"""10^6 names of senders: IPv4 addresses, and networks of IPv6."""

CHILD = (
    NAMES
    + """
import json, sys
from fks_exec_server.limits.rate import Rate, Window

try:
    import resource
    def most_so_far():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
except ImportError:  # Windows: slower, and as good
    import tracemalloc
    tracemalloc.start()
    def most_so_far():
        return tracemalloc.get_traced_memory()[1]

def ticking(step):
    time = 1000.0
    def now():
        nonlocal time
        time += step
        return time
    return now

limiters = {
    "strangers, all at once": Rate(10, 10, ticking(0.0)),
    "strangers, 10,000 a second": Rate(10, 10, ticking(0.0001)),
    "orders, all at once": Window(10, ticking(0.0)),
    "orders, 10,000 a second": Window(10, ticking(0.0001)),
}
grown = {}
for what, limiter in limiters.items():
    before = most_so_far()
    for name in names():
        limiter.take(name)
    grown[what] = most_so_far() - before
print(json.dumps(grown))
"""
)


def test_a_million_addresses_take_less_than_five_megabytes() -> None:
    """At the end and at any time before; each limiter for itself, in a process that holds nothing else."""
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, timeout=120, check=True)
    grown = json.loads(done.stdout)
    assert len(grown) == 4
    assert {what: size for what, size in grown.items() if size >= MOST} == {}


def test_the_names_that_are_fed_are_those_of_a_million_senders() -> None:
    """As a server that sees their addresses counts them."""
    found: dict[str, Any] = {}
    exec(NAMES, found)
    every = list(found["names"]())
    some = [name for number, name in enumerate(every) if number % 100_000 < 2]
    assert [counted(read_ip(name.removesuffix("/64"))) for name in some] == [
        name if "." in name else f"{ipaddress.IPv6Address(name.removesuffix('/64'))}/64" for name in some
    ]
    assert len(set(every)) == MILLION
