"""One request as a story."""

from __future__ import annotations

from captools.views.story import of_request, through_proxy
from tests.correlate.material import FINE, S8, material

# Loaded before the tests of this room forbid opening files.
INGRESS, DIRECT = material(S8), material(FINE)


def test_the_story_names_both_legs_the_proxy_and_every_point():
    lines = "\n".join(through_proxy(INGRESS.analysed()))
    for word in ("asked by 192.168.10.200", "Client leg 192.168.10.200:", "Proxy on k8s-w1", "X-Forwarded-For 192.168.10.200",
                 "(ingress)", "Backend leg 172.20.1.35:", "router/eth1", "k8s-w1/eth1", "lxc"):  # fmt: skip
        assert word in lines, word


def test_without_a_proxy_it_says_so():
    assert through_proxy(DIRECT.analysed()) == ["No request through a proxy was captured on both of its legs."]


def test_a_direct_request_has_one_leg():
    analysis = DIRECT.analysed()
    lines = "\n".join(of_request(analysis, analysis.requests[0]))
    assert "Client leg" in lines and "Proxy" not in lines and "Backend leg" not in lines
