"""The rules of a balancing node."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from captools.lab.load_balancer import rules
from captools.lab.topology import LEADER, NODES, PRODUCTPAGE, WEBPODS, node_called

VIP = "192.168.10.213"
BACKENDS = {80: WEBPODS, 8080: (PRODUCTPAGE,)}


def test_each_backend_has_the_same_chance_and_each_port_its_own_backends():
    text = rules(node_called(LEADER), VIP, BACKENDS, announces=True)
    assert "numgen random mod 3 map { 0 : 172.20.0.121, 1 : 172.20.1.108, 2 : 172.20.2.33 }" in text
    assert f'iifname "eth1" ip daddr {VIP} tcp dport 8080 dnat to 172.20.1.102:9080' in text


def test_only_the_announcing_node_hides_clients_behind_its_address():
    assert "snat to 192.168.10.101" in rules(node_called(LEADER), VIP, BACKENDS, announces=True)
    other = rules(node_called("k8s-ctr"), VIP, BACKENDS, announces=False)
    assert "snat" not in other.replace("srcnat", "") and 'iifname "lxc*"' in other


@pytest.mark.lab
@pytest.mark.parametrize("announces", [True, False])
def test_nft_accepts_the_rules(needs_root, announces):
    assert shutil.which("nft")
    text = rules(NODES[0], VIP, BACKENDS, announces=announces)
    done = subprocess.run(["unshare", "--net", "nft", "--check", "-f", "-"], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
