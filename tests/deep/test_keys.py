"""Key files: what tshark reads with them, and what is said of a file that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from captools.deep.compare import differences
from captools.deep.display_filter import frames_by_tshark
from captools.deep.keys import Keys
from captools.deep.scapy_tree import tree_by_scapy
from captools.deep.tshark_tree import tree_by_tshark
from captools.model.errors import MalformedCapture, UsageError
from tests.deep.talks import tls_talk, wireguard_talk


def test_without_a_key_file_tshark_is_told_nothing() -> None:
    assert Keys().preferences() == {} and not Keys()
    Keys().check()


def test_a_request_inside_tls_is_read_with_the_log_of_its_secrets(tmp_path: Path) -> None:
    path, log = tls_talk(tmp_path)
    keys = Keys(tls=str(log))
    assert frames_by_tshark(path, "http.request.uri contains cart") == []
    (frame,) = frames_by_tshark(path, "http.request.uri contains cart", keys=keys)
    closed, opened = tree_by_tshark(path, frame), tree_by_tshark(path, frame, keys=keys)
    assert [layer.name for layer in closed.children] == ["eth", "ip", "tcp", "tls"]
    assert [layer.name for layer in opened.children] == ["eth", "ip", "tcp", "tls", "http"]
    (host,) = opened.find("http.host")
    assert (host.value, host.offset, host.length) == ("shop.example", None, None)
    assert all(node.offset is not None for node in opened.find("ip.src"))


def test_what_wireguard_sealed_is_read_with_its_keys(tmp_path: Path, records) -> None:
    path, log = wireguard_talk(tmp_path)
    keys = Keys(wireguard=str(log))
    assert frames_by_tshark(path, "ip.dst == 172.20.2.33 && icmp") == []
    assert frames_by_tshark(path, "ip.dst == 172.20.2.33 && icmp", keys=keys) == [3]
    tree = tree_by_tshark(path, 3, keys=keys)
    assert [layer.name for layer in tree.children] == ["eth", "ip", "udp", "wg", "ip", "icmp"]
    assert [node.offset is None for node in tree.find("ip.src")] == [False, True]
    # scapy has no keys: what both read is compared, and that ends where the seal begins.
    linktype, data = records(path)[2]
    assert differences(tree_by_scapy(data, linktype), tree) == ()


def test_keys_in_a_pcapng_file_need_no_word(shared: Path) -> None:
    path = shared / "captures-real/cilium/gateway-api-https-22ifaces-dsb.pcapng"
    assert frames_by_tshark(path, "http.request") == [9]


@pytest.mark.parametrize("kind", ["tls", "wireguard"])
def test_a_missing_key_file_is_one_sentence(tmp_path: Path, kind: str) -> None:
    path = str(tmp_path / "gone")
    with pytest.raises(UsageError, match=r"gone: No such file or directory; check the path"):
        Keys(**{kind: path}).check()
    with pytest.raises(UsageError, match="Is a directory"):
        Keys(**{kind: str(tmp_path)}).check()


@pytest.mark.parametrize(
    ("kind", "content"),
    [("tls", ""), ("tls", "hello\n"), ("tls", "CLIENT_RANDOM 00 00\n"), ("wireguard", "# only words\n"),
     ("wireguard", "LOCAL_STATIC_PRIVATE_KEY = short=\n"), ("tls", "LOCAL_STATIC_PRIVATE_KEY = " + "A" * 43 + "=\n"),
     ("wireguard", f"CLIENT_RANDOM {'0' * 64} {'1' * 96}\n")],
)  # fmt: skip
def test_a_file_without_such_keys_is_one_sentence(tmp_path: Path, kind: str, content: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(content)
    with pytest.raises(MalformedCapture, match=r"notes.txt: is no (TLS|WireGuard) key log") as caught:
        Keys(**{kind: str(path)}).check()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [f"CLIENT_RANDOM {'0a' * 32} {'1B' * 48}", f"CLIENT_TRAFFIC_SECRET_0 {'0a' * 32} {'1b' * 32}\r",
     f"RSA {'0a' * 8} {'1b' * 48}", f"RSA Session-ID:0A Master-Key:{'1b' * 48}"],
)  # fmt: skip
def test_every_form_of_a_tls_secret_is_known(tmp_path: Path, line: str) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# SSL/TLS secrets\n{line}\n")
    Keys(tls=str(path)).check()
