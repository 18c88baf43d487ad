"""The words for ARP: values that compare by what they say, not by their proofs."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from captools.model.arp import Arping, Claim, Resolution
from captools.model.evidence import Evidence

PROOF = Evidence(point="n/eth0", file="x", sha256="", frames=(1,), shows="")
CLAIM = Claim(mac="02:00:00:00:00:01", first_ns=1, last_ns=2, answers=1, gratuitous=0)


def test_claims_are_equal_whatever_proves_them():
    assert replace(CLAIM, evidence=(PROOF,)) == CLAIM and replace(CLAIM, answers=2) != CLAIM


def test_a_resolution_starts_with_nothing_told():
    one = Resolution(address="10.0.0.1", points=("n/eth0",))
    assert not (one.askers or one.claims or one.gaps or one.doubled or one.silent or one.every_node_silent)


def test_nobody_changes_what_was_told():
    with pytest.raises(FrozenInstanceError):
        CLAIM.mac = ""  # type: ignore[misc]
    assert Arping(address="10.0.0.1").sent is None
