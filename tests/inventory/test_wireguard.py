from __future__ import annotations

import base64
import shutil
from pathlib import Path

import pytest

from captools.inventory.values import NotAsClaimed
from captools.inventory.wireguard import read_wg_show

PRINTED = """interface: wg-test
  public key: AAAA=
  private key: (hidden)
  listening port: 51820

interface: cilium_wg0
  public key: nodeA=
  private key: c2VjcmV0
  listening port: 51871

peer: nodeB=
  endpoint: 192.168.10.101:51871
  allowed ips: 172.20.1.0/24, 192.168.10.101/32, fd00::/64
  latest handshake: 1 minute, 12 seconds ago
  transfer: 1.21 MiB received, 1.35 MiB sent

peer: nodeC=
  allowed ips: (none)
"""


def test_ciliums_own_interface_is_taken_with_its_peers() -> None:
    (node,) = read_wg_show(PRINTED, "k8s-ctr").nodes
    device = node.wireguard
    assert device is not None
    assert (device.interface, device.public_key, device.listen_port) == ("cilium_wg0", "nodeA=", 51871)
    first, second = device.peers
    assert (first.public_key, first.endpoint) == ("nodeB=", "192.168.10.101:51871")
    assert first.allowed_ips == ("172.20.1.0/24", "192.168.10.101/32", "fd00::/64")
    assert first.latest_handshake == "1 minute, 12 seconds ago"
    assert (second.public_key, second.endpoint, second.allowed_ips) == ("nodeC=", "", ())


def test_a_private_key_that_was_printed_is_not_kept() -> None:
    assert "c2VjcmV0" not in repr(read_wg_show(PRINTED, "n"))


def test_a_text_without_an_interface_is_refused() -> None:
    with pytest.raises(NotAsClaimed, match="interface"):
        read_wg_show("peer: x\n", "n")


@pytest.mark.lab
def test_what_the_real_wg_shows_of_a_userspace_device_is_read(in_namespace, tmp_path: Path) -> None:
    if shutil.which("wireguard-go") is None:
        pytest.skip("needs wireguard-go")
    key, peer = (base64.b64encode(bytes([n]) * 32).decode() for n in (0x40, 0x41))
    config = tmp_path / "wg.conf"
    config.write_text(
        f"[Interface]\nPrivateKey = {key}\nListenPort = 51871\n"
        f"[Peer]\nPublicKey = {peer}\nAllowedIPs = 172.20.1.0/24, 10.1.0.1/32\nEndpoint = 192.0.2.7:51871\n"
    )
    # wireguard-go's socket has a fixed place: a mount namespace keeps two devices of one name apart.
    script = (
        "mkdir -p /var/run/wireguard; mount -t tmpfs tmpfs /var/run/wireguard;"
        " LOG_LEVEL=silent wireguard-go -f wg-captest >/dev/null 2>&1 & pid=$!; trap 'kill $pid' EXIT;"
        " for n in $(seq 50); do [ -S /var/run/wireguard/wg-captest.sock ] && break; sleep 0.1; done;"
        ' wg setconf wg-captest "$1"; wg show'
    )
    show = in_namespace("unshare", "--mount", "sh", "-ec", script, "sh", str(config))
    (node,) = read_wg_show(show, "n").nodes
    device = node.wireguard
    assert device is not None
    assert (device.interface, device.listen_port) == ("wg-captest", 51871)
    assert [(one.public_key, one.endpoint, one.allowed_ips) for one in device.peers] == [
        (peer, "192.0.2.7:51871", ("172.20.1.0/24", "10.1.0.1/32"))
    ]
    assert key not in show
