from __future__ import annotations

import pytest

from captools.lab.cluster import Lab
from captools.lab.names import ask, serve
from captools.lab.topology import COREDNS, CURL_POD, PODS, webpod_on

pytestmark = pytest.mark.lab


def test_pods_learn_addresses_from_the_name_server_and_nothing_from_a_pod_that_serves_none(needs_root):
    with Lab(name="test-names", pods=(*PODS, COREDNS)) as lab:
        serve(lab, {"api.lab.test": "192.0.2.1"})
        pod = lab.machine(CURL_POD.name)
        (known,) = ask(pod, "api.lab.test", number=7).flows
        (closed,) = ask(pod, "api.lab.test", number=8, server=webpod_on("k8s-w1").ip).flows
    assert (known.proto, known.src, known.dst, known.dport, known.answered) == ("udp", CURL_POD.ip, COREDNS.ip, 53, 1)
    assert (closed.answered, closed.error) == (0, "ECONNREFUSED")
