"""What the values of services add up to."""

from __future__ import annotations

from dataclasses import replace

from captools.model.evidence import Confidence
from captools.model.flows import Flow
from captools.model.services import Backing, Distribution, Frontend, Policy, Rewriting, Share

ONE = Rewriting(
    flow=Flow("a", "vip", 6, 1, 80),
    src="a",
    sport=1,
    dst="b",
    dport=80,
    node="n",
    between=("n/x", "n/y"),
    ts_ns=0,
    confidence=Confidence.PROVEN,
)


def front(*nodes: str) -> Frontend:
    members = tuple(replace(ONE, node=node) for node in nodes)
    backing = Backing(ip="b", port=80, pod="", node="", connections=members)
    return Frontend(address="vip", port=80, proto=6, service="", nodes=(), backings=(backing,), clients=())


def test_a_frontend_counts_its_connections_and_names_the_one_node_that_translated_all():
    assert (front("n", "n").connections, front("n", "n").node) == (2, "n")
    assert front("n", "m").node == "" and front("n", "").node == ""


def test_a_sample_shows_every_backend_before_any_of_them_twice():
    several = tuple(
        Backing(
            ip=ip, port=80, pod="", node="", connections=tuple(replace(ONE, dst=ip, ts_ns=at) for at in range(number))
        )
        for ip, number in (("b", 3), ("c", 1), ("d", 2))
    )
    picked = [(one.dst, one.ts_ns) for one in replace(front("n"), backings=several).sample(5)]
    assert picked == [("b", 0), ("c", 0), ("d", 0), ("b", 1), ("d", 1)]


def test_the_total_of_a_distribution_is_that_of_its_shares():
    shares = tuple(
        Share(name=name, address="", node="", count=count, expected=None) for name, count in (("a", 2), ("b", 3))
    )
    one = Distribution(what="connection", name="", address="", port=None, node="", shares=shares, clients=(),
                       policy=Policy.UNKNOWN, why="", confidence=Confidence.PROVEN)  # fmt: skip
    assert one.total == 5
