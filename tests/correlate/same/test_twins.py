"""A line of text beside its capture is a second proof of one sighting, not another packet."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from captools.correlate.same.match import match
from captools.correlate.same.twins import join_twins
from captools.correlate.sightings import ABSENT, Sightings, sightings
from captools.model.session import ToolCounts
from captools.model.sources import Source
from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.index import read_records
from captools.wire.text.read import read_text_log
from captures.build import ethernet, ipv4, pcap, tcp

NOON = 1_755_691_200_000_000_000  # 2025-08-20T12:00:00Z
POINT = "k8s-w1/lxc1"
SOURCE = Source(name="", path="", point=POINT, linktype=1, sha256="", packets=0, bytes=0, first_ns=None, last_ns=None,
                counts=ToolCounts())  # fmt: skip


def segment(at_ns: int, ident: int) -> tuple[int, bytes]:
    inner = tcp(b"GET / HTTP/1.1\r\n\r\n", sport=45_812, dport=9080, seq=1000 + ident, ack=5, flags=0x18)
    return NOON + at_ns, ethernet(ipv4(inner, src="10.0.2.15", dst="172.20.1.102", proto=6, ident=ident))


def line(clock: str, flags: str = "AP", port: int = 45_812) -> str:
    return f"T {clock} 10.0.2.15:{port} -> 172.20.1.102:9080 [{flags}]\nGET / HTTP/1.1.\n.\n\n"


def joined(capture: bytes, text: str, point: str = POINT) -> Sightings:
    records = read_records(capture, "a")
    packets = decode(BytesView(capture), records, Naming(source="a.pcap", points=(POINT,)))
    log = read_text_log("interface: lxc1\nfilter: ip\n" + text, "a.txt", point)
    rows = sightings(pa.concat_tables([packets, log.packets]).unify_dictionaries())
    join_twins(rows, (replace(SOURCE, name="a.pcap"), replace(SOURCE, name="a.txt", text=log.kind, point=point)))
    return rows


def packets(rows: Sightings) -> int:
    return match(rows).count


@pytest.mark.parametrize(
    "clock", ["2025/08/20 12:00:00.000123", "2025/08/20 21:00:00.000123", "2025/08/20 06:15:00.000123"],
    ids=["UTC", "Seoul", "a zone of quarters"],
)  # fmt: skip
def test_the_line_takes_the_columns_of_its_record_whatever_zone_it_was_printed_in(clock):
    rows = joined(pcap([segment(123_456, 7)]), line(clock))
    assert packets(rows) == 1
    assert rows["seq"].tolist() == [1007, 1007] and rows["ts_ns"].tolist() == [NOON + 123_456] * 2
    assert rows["source"].tolist() == [0, 1] and rows["frame"].tolist() == [1, 1]


@pytest.mark.parametrize(
    "text",
    [
        line("2025/08/20 12:00:00.000124"),
        line("2025/08/20 12:05:00.000123"),
        line("2025/08/20 12:00:00.000123", port=45_813),
    ],
    ids=["a microsecond later", "no zone differs by five minutes", "another port"],
)
def test_a_line_that_differs_is_a_packet_of_its_own(text):
    rows = joined(pcap([segment(123_456, 7)]), text)
    assert packets(rows) == 2 and rows["seq"].tolist() == [1007, ABSENT]


def test_a_line_at_another_point_is_no_second_proof():
    rows = joined(pcap([segment(123_456, 7)]), line("2025/08/20 12:00:00.000123"), point="k8s-w1/eth1")
    assert rows["seq"].tolist() == [1007, ABSENT]


def test_two_packets_of_one_microsecond_are_proven_one_each():
    rows = joined(pcap([segment(123_100, 7), segment(123_900, 8)]), line("2025/08/20 12:00:00.000123") * 2)
    assert packets(rows) == 2 and rows["seq"].tolist() == [1007, 1008] * 2


def test_without_a_text_log_nothing_changes():
    capture = pcap([segment(123_456, 7)])
    packets_ = decode(BytesView(capture), read_records(capture, "a"), Naming(source="a.pcap", points=(POINT,)))
    rows = sightings(packets_)
    before = {name: values.copy() for name, values in rows.columns.items()}
    join_twins(rows, (replace(SOURCE, name="a.pcap"),))
    assert all((rows[name] == values).all() for name, values in before.items())
