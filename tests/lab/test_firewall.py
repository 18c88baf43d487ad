from __future__ import annotations

import shutil
import subprocess

import pytest

from captools.lab.firewall import node_rules, uplink_rules
from captools.lab.topology import NODES


def test_pods_keep_their_address_towards_pods_and_nodes():
    rules = node_rules(NODES[0])
    assert "ip saddr 172.20.0.0/24" in rules
    for spared in ("172.20.0.0/16", "192.168.10.100", "192.168.10.101", "192.168.20.100"):
        assert spared in rules
    assert "masquerade fully-random" in rules, "else Linux keeps ports, and nothing shows that they may change"


@pytest.mark.lab
@pytest.mark.parametrize("rules", [*(node_rules(node) for node in NODES), uplink_rules()])
def test_nft_accepts_the_rules(needs_root, rules):
    assert shutil.which("nft")
    # --check changes nothing, and a namespace of its own holds whatever it looks at.
    done = subprocess.run(
        ["unshare", "--net", "nft", "--check", "-f", "-"], input=rules, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
