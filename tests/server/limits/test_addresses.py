# SPDX-License-Identifier: MIT
"""Where a request comes from, and how addresses are counted."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec_server.config import networks
from fks_exec_server.limits.addresses import Addresses, counted, read_ip

PROXY = "192.0.2.1"
ADDRESSES = Addresses(networks("trusted_proxies", [PROXY, "10.0.0.0/8", "2001:db8:1::/48"]))


def of(peer: str | None, *forwarded: str) -> str:
    """The address of a request."""
    headers = [(b"x-forwarded-for", each.encode("latin-1")) for each in forwarded]
    return str(ADDRESSES.of({"client": None if peer is None else (peer, 1), "headers": headers}))


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        (PROXY, [], PROXY),
        (PROXY, ["198.51.100.1"], "198.51.100.1"),
        (PROXY, ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
        (PROXY, ["1.2.3.4", "198.51.100.1"], "198.51.100.1"),
        (PROXY, ["198.51.100.1, 10.1.2.3"], "198.51.100.1"),
        (PROXY, ["198.51.100.1, 10.1.2.3, 2001:db8:1::7"], "198.51.100.1"),
        (PROXY, ["10.1.2.3"], "10.1.2.3"),
        (PROXY, ["198.51.100.1, rubbish, 10.1.2.3"], "10.1.2.3"),
        (PROXY, ["unknown"], PROXY),
        (PROXY, ["198.51.100.1:4711"], "198.51.100.1"),
        (PROXY, ["[2001:db8::5]:4711"], "2001:db8::5"),
        (PROXY, ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("::ffff:192.0.2.1", ["198.51.100.1"], "198.51.100.1"),
        (PROXY, ["fe80::1%eth0"], "fe80::1"),
        (PROXY, ["\xe9, \xff"], PROXY),
        (None, ["198.51.100.1"], "None"),
        ("testclient", ["198.51.100.1"], "None"),
    ],
)
def test_the_right_most_hop_that_is_no_proxy_of_ours_has_sent_it(peer: str | None, forwarded: list[str], found: str) -> None:
    """What stands further left is that sender's word."""
    assert of(peer, *forwarded) == found


@given(left=st.lists(st.sampled_from(["1.2.3.4", "10.0.0.1", "::1", "x", "", "192.0.2.1"]), max_size=60))
def test_nothing_that_a_sender_writes_changes_where_it_comes_from(left: list[str]) -> None:
    """The proxy appends the truth."""
    assert of(PROXY, ", ".join([*left, "198.51.100.1"])) == "198.51.100.1"


@given(text=st.text(max_size=60))
def test_any_text_is_an_address_or_none(text: str) -> None:
    """Never an error, which would be answered 500."""
    found = read_ip(text)
    assert found is None or ipaddress.ip_address(str(found))


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db8:0:1:aaaa::1", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::/64"),
        ("2001:db8:0:2::1", "2001:db8:0:2::/64"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
    ],
)
def test_ipv4_is_counted_by_address_and_ipv6_by_its_64(address: str, name: str) -> None:
    """One sender has 2^64 of the latter."""
    assert counted(read_ip(address)) == name


def test_what_has_no_address_is_counted_together() -> None:
    """A local socket, say."""
    assert counted(None) == "unknown"
