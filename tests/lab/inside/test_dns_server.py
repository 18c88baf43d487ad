"""The lab's name server, judged by what scapy's own DNS layer reads of its answers."""

from __future__ import annotations

import pytest
from scapy.layers.dns import DNS, DNSQR

from captools.lab.inside.dns_server import answer

KNOWN = {"api.lab.test": "192.0.2.7"}


@pytest.mark.parametrize("name", ["api.lab.test", "API.lab.test"])
def test_a_known_name_has_its_address(name):
    query = bytes(DNS(id=77, rd=1, qd=DNSQR(qname=name, qtype="A")))
    found = DNS(answer(query, KNOWN))
    assert (found.id, found.qr, found.rcode, found.ancount) == (77, 1, 0, 1)
    assert found.an[0].rdata == "192.0.2.7" and found.an[0].rrname.lower() == b"api.lab.test."


def test_an_unknown_name_does_not_exist():
    found = DNS(answer(bytes(DNS(id=78, qd=DNSQR(qname="other.lab.test"))), KNOWN))
    assert (found.id, found.rcode, found.ancount) == (78, 3, 0) and found.qd[0].qname == b"other.lab.test."
