"""Logs are known by their content."""

from __future__ import annotations

from pathlib import Path

import pytest

from captools.wire.text.recognise import LogKind, printed, recognise
from captures.build import pcap

LINE = "02:57:08.004967 eth1  In  IP 172.20.0.88 > 172.20.2.33: ICMP echo request, id 698, seq 1, length 64\n"
SHARED = Path(__file__).parents[3].parent / "shared"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (LINE, LogKind.TCPDUMP),
        ("root@router:~# tcpdump -i any icmp -nn\n" + LINE, LogKind.TCPDUMP),
        ("listening on eth1, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n", LogKind.TCPDUMP),
        ("interface: lxc1\r\nfilter: ( tcp port 9080 )\r\n####\r\n", LogKind.NGREP),
        ("input: x.pcap\nmatch (JIT): GET\n", LogKind.NGREP),
        ("T 2025/08/20 09:35:14.972128 10.0.2.15:45812 -> 172.20.1.102:9080 [AP] #4\nGET / HTTP/1.1.\n", LogKind.NGREP),
        ("interface: wg0\n  public key: abc=\n", None),
        ("", None),
        ("\0" + LINE, None),
        ("prose\n" * 60 + LINE, None),
    ],
)
def test_a_log_is_known_by_its_first_lines(text, kind):
    assert recognise(text) is kind


def test_bytes_are_text_only_where_they_are_a_log():
    assert printed(LINE.encode() + b"\xff\n") == LINE + "\ufffd\n"
    assert printed(b"hello") == "" and printed(pcap([(1, LINE.encode())])) == "" and printed(b"") == ""


def test_every_shared_log_is_known_and_no_other_text_is():
    folders = [SHARED / "field-logs", SHARED / "captures-real" / "text-logs"]
    if not all(folder.is_dir() for folder in folders):
        pytest.skip("needs ../shared")
    for path in (path for folder in folders for path in folder.iterdir()):
        expected = next((kind for kind in LogKind if kind.value in path.name), None)
        assert recognise(path.read_text()) is expected, path.name
