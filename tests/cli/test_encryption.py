"""captools encryption."""

from __future__ import annotations

import json

import pytest

from captures import case
from captures.build import pcap
from tests.deep.talks import wireguard_talk


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


def test_keys_show_what_is_inside(captools, tmp_path):
    path, log = wireguard_talk(tmp_path)
    done = captools("encryption", path, "--wireguard-keys", log)
    assert done.code == 0
    assert f"{path}: 1 of 1 data messages" in done.out
    assert "172.20.0.88 > 172.20.2.33: 1 packet (in frames 3)" in done.out
    (told,) = json.loads(captools("encryption", path, "--json", "--wireguard-keys", log).out)["unsealed"]
    assert told["opened"] == 1 and told["carried"][0]["frames"] == [3]
    assert "unsealed" not in json.loads(captools("encryption", path, "--json").out)


def test_keys_of_other_sessions_say_what_is_missing(captools, tmp_path):
    _path, log = wireguard_talk(tmp_path)
    done = captools("encryption", case("s13-wireguard-only").folder, "--wireguard-keys", log)
    assert done.code == 0 and done.out.startswith("encrypted: ")
    assert "nothing could be opened: a key log needs the ephemeral keys" in done.out
