"""How findings speak."""

from __future__ import annotations

from captools.findings._words import counted, listed, named
from tests.correlate.material import S2, material


def test_lists_read_as_people_say_them_and_end_somewhere():
    assert listed(["a"]) == "a" and listed(["a", "b", "a"]) == "a and b" and listed(["a", "b", "c"]) == "a, b and c"
    assert listed(map(str, range(9)), most=2) == "0, 1 and 7 more" and listed([]) == ""


def test_counts_agree_with_their_noun():
    assert (counted(1, "request"), counted(2, "request"), counted(1234, "frame")) == (
        "1 request",
        "2 requests",
        "1,234 frames",
    )


def test_addresses_carry_their_name_where_one_is_known():
    cluster = material(S2).cluster
    assert named(cluster, "172.20.0.88") == "default/curl-pod (172.20.0.88)"
    assert named(cluster, "172.20.0.88", port=80) == "default/curl-pod (172.20.0.88:80)"
    assert named(cluster, "203.0.113.9") == "203.0.113.9"
