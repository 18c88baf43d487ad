"""captools encryption."""

from __future__ import annotations

import json

import pytest

from captures import case
from captures.build import pcap


@pytest.mark.parametrize(
    ("name", "verdict", "on_leaking", "on_unknown"),
    [
        ("s13-wireguard-only", "encrypted", 0, 0),
        ("wireguard-leak", "leaking", 1, 1),
        ("s1-native-route-black-hole", "not-encrypted", 0, 1),
    ],
)
def test_the_verdict_and_what_fail_on_makes_of_it(captools, name, verdict, on_leaking, on_unknown):
    folder = case(name).folder
    done = captools("encryption", folder)
    assert done.code == 0 and done.out.startswith(f"{verdict}: ")
    assert captools("encryption", folder, "--fail-on", "leaking").code == on_leaking
    assert captools("encryption", folder, "--fail-on", "unknown").code == on_unknown


def test_nothing_captured_is_unknown_and_never_encrypted(captools, tmp_path):
    path = tmp_path / "k8s-w1__eth1.pcap"
    path.write_bytes(pcap([]))
    done = captools("encryption", path, "--json", "--fail-on", "unknown")
    assert done.code == 1 and json.loads(done.out)["verdict"] == "unknown"
    assert captools("encryption", path, "--fail-on", "leaking").code == 0


def test_expecting_encryption_makes_plain_traffic_a_leak(captools):
    folder = case("s2-vxlan-overlay").folder
    done = captools("encryption", folder, "--expect-encryption", "--fail-on", "leaking")
    assert done.code == 1 and done.out.startswith("leaking: ")
