"""What a request's head tells of its way."""

from __future__ import annotations

import pytest

from captools.correlate.requests.legs import Leg, address, contradicts_passed, legs
from tests.correlate.talk import Ends, get, read

LINK = Ends("10.0.0.1", 40000, "10.0.0.2")


def leg(path: str = "/a", **headers: str) -> Leg:
    (one,) = legs(read(n__e=[LINK.ask(0, get(path, **headers))]).exchanges())
    return one


@pytest.mark.parametrize(
    ("entry", "plain"),
    [
        ("192.168.10.200", "192.168.10.200"),
        (" 192.168.10.200:4711 ", "192.168.10.200"),
        ("[2001:DB8::1]:443", "2001:db8::1"),
        ("2001:db8:0:0::1", "2001:db8::1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ('"[2001:db8::1]"', "2001:db8::1"),
        ("unknown", "unknown"),
        ("_Hidden", "_hidden"),
    ],
)
def test_an_address_is_the_same_however_a_proxy_writes_it(entry: str, plain: str):
    assert address(entry) == plain


@pytest.mark.parametrize(
    ("headers", "peer"),
    [
        ({}, None),
        ({"x_forwarded_for": "10.9.9.9, 192.168.10.200"}, "192.168.10.200"),
        ({"x_real_ip": "192.168.10.200"}, "192.168.10.200"),
        ({"x_envoy_external_address": "203.0.113.1"}, "203.0.113.1"),
        ({"forwarded": 'for=10.9.9.9, for="[2001:db8::1]:1";proto=https;by=x'}, "2001:db8::1"),
        ({"forwarded": "proto=https"}, None),
    ],
)
def test_the_proxys_peer_is_the_last_one_written(headers: dict[str, str], peer: str | None):
    assert leg(**headers).peer == peer


@pytest.mark.parametrize(
    ("path", "headers", "asked"),
    [
        ("/list", {"x_envoy_original_path": "/shop/list"}, ("/list", "/shop/list")),
        ("/list", {"x_forwarded_prefix": "/shop/"}, ("/list", "/shop/list")),
        ("/list", {"x_original_uri": "/shop/list?x=1"}, ("/list", "/shop/list?x=1")),
        ("http://shop/list?x=1", {}, ("/list?x=1",)),
        ("http://shop", {}, ("/",)),
    ],
)
def test_the_paths_that_a_client_may_have_asked_for(path: str, headers: dict[str, str], asked: tuple[str, ...]):
    assert leg(path, **headers).asked == asked


def test_ids_scheme_and_hosts_are_read_and_only_a_proxys_words_make_a_proxy():
    trace = f"00-{'1' * 32}-{'2' * 16}-01"
    one = leg(x_request_id="a", traceparent=trace, x_forwarded_proto="HTTPS", x_forwarded_host="Shop.Example")
    assert one.ids == (("x-request-id", "a"), ("traceparent", "1" * 32))
    assert (one.scheme, one.by_proxy, one.forwarded) == ("https", True, True)
    assert one.hosts == {"shop", "shop.example"}
    forged = leg(x_forwarded_for="10.9.9.9", x_request_id="mine")
    assert (forged.by_proxy, forged.forwarded, forged.chain) == (False, True, ("10.9.9.9",))
    assert not leg().forwarded and leg(traceparent="nonsense").ids == ()


@pytest.mark.parametrize(
    ("ours", "theirs", "contradicts"),
    [
        ({"user_agent": "curl"}, {"user_agent": "curl"}, False),
        ({"user_agent": "curl"}, {"user_agent": "wget"}, True),
        ({"cookie": "a"}, {}, False),  # taken out on the way
        ({}, {"cookie": "a"}, True),  # no proxy adds a cookie
        ({}, {"user_agent": "envoy"}, False),  # but some add this
    ],
)
def test_headers_that_proxies_leave_alone_rule_out(ours, theirs, contradicts: bool):
    assert contradicts_passed(leg(**ours), leg(**theirs)) is contradicts


def test_of_a_head_that_is_cut_off_nothing_is_missing():
    whole = get("/a", cookie="a", x_forwarded_for="10.9.9.9")
    (cut,) = legs(read(n__e=[LINK.ask(0, whole[: whole.index(b"cookie")])]).exchanges())
    assert not contradicts_passed(cut, leg(cookie="a"))
