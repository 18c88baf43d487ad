"""A growing file in any pieces gives the rows of the whole file, and a half-written record waits."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.model.errors import MalformedCapture
from captools.model.packets import PACKETS
from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.dns import dns_messages
from captools.wire.follow import Arrived, Follower
from captools.wire.http import http_heads
from captools.wire.index import read_records
from captures import build
from captures.generate import generate
from tests.wire import ngblocks

pytestmark = pytest.mark.usefixtures("no_io")


def naming(interfaces) -> Naming:
    return Naming(source="test", points=tuple(f"n/{at}" for at in range(len(interfaces))))


def plain(table: pa.Table) -> pa.Table:
    columns = [one.cast(pa.string()) if pa.types.is_dictionary(one.type) else one for one in table.columns]
    return pa.table(columns, names=table.column_names).combine_chunks()


def whole(data: bytes) -> pa.Table:
    records = read_records(data, "test")
    return decode(BytesView(data), records, naming(records.interfaces))


def followed(data: bytes, sizes: list[int]) -> tuple[Follower, list[Arrived]]:
    follower, found, at, turn = Follower("test", naming), [], 0, 0
    while at < len(data):
        piece = data[at : at + sizes[turn % len(sizes)]]
        at, turn = at + len(piece), turn + 1
        arrived = follower.feed(piece)
        if arrived is not None:
            found.append(arrived)
    return follower, found


def rows(found: list[Arrived]) -> pa.Table:
    return plain(pa.concat_tables([PACKETS.empty_table(), *(one.packets for one in found)]).unify_dictionaries())


TRAFFIC = {form: b"".join(generate(packets=400, seed=6, form=form)) for form in ("pcap", "pcapbe", "pcapng")}
SECTIONS = ngblocks.everything("<") + ngblocks.everything(">")


@pytest.mark.parametrize("form", TRAFFIC)
@pytest.mark.parametrize("sizes", [[1 << 20], [4_096], [1, 700, 33]])
def test_any_pieces_give_the_rows_of_the_whole_file(form, sizes):
    data = TRAFFIC[form]
    follower, found = followed(data, sizes)
    assert rows(found).equals(plain(whole(data)))
    assert (follower.frames, follower.damage(), follower.ended) == (len(whole(data)), "", False)


@given(st.lists(st.integers(1, 300), min_size=1, max_size=5))
def test_sections_and_interfaces_that_come_later_hold_from_there_on(sizes):
    _follower, found = followed(SECTIONS, sizes)
    assert rows(found).equals(plain(whole(SECTIONS)))


@pytest.mark.parametrize(
    "data", [build.pcap([(1, b"a" * 20), (2, b"b" * 20)]), build.pcapng([(0, 1, b"a"), (0, 2, b"b")])]
)
def test_a_half_written_record_waits_and_only_the_end_makes_it_damage(data):
    for cut in range(len(data)):
        follower, found = followed(data[:cut], [7])
        try:
            wanted = read_records(data[:cut], "test")
        except MalformedCapture as refused:
            with pytest.raises(MalformedCapture) as again:
                follower.damage()
            assert str(again.value) == str(refused)
        else:
            assert len(rows(found)) == len(wanted) and follower.damage() == wanted.damage
        assert not follower.ended
        rest = follower.feed(data[cut:])
        assert len(rows(found)) + (len(rest.packets) if rest else 0) == 2


@pytest.mark.parametrize(
    "data",
    [
        build.pcap([(1, b"a" * 20)]) + b"\xff" * 40 + build.pcap([(1, b"a")])[24:],
        build.pcapng([(0, 1, b"a")]) + ngblocks.enhanced(b"b", index=9) + ngblocks.enhanced(b"c"),
    ],
)
def test_damage_ends_the_rows_there_and_says_so(data):
    follower, found = followed(data, [5])
    assert follower.ended and len(rows(found)) == 1
    assert follower.damage() == read_records(data, "test").damage
    assert follower.feed(b"more") is None


@pytest.mark.parametrize("data", [b"12:00:00 IP 10.0.0.1", bytes(30), ngblocks.block(0x0A0D0D0A, b"\x4d\x3c\x2b\x1a")])
def test_what_is_no_capture_is_refused_as_soon_as_it_shows(data):
    with pytest.raises(MalformedCapture) as refused:
        followed(data, [1])
    with pytest.raises(MalformedCapture):
        read_records(data, "test")
    assert str(refused.value).startswith("test: ")


def test_heads_are_read_from_each_packet_by_itself():
    """A request in one segment is found however the file comes; one in two segments is there once, incomplete."""

    def tcp(payload: bytes, seq: int) -> bytes:
        segment = build.tcp(payload, sport=4000, dport=80, seq=seq, flags=0x18)
        return build.ethernet(build.ipv4(segment, src="10.0.0.1", dst="10.0.0.2", proto=6))

    one, two = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /b HTTP/1.1\r\nHo"
    query = b"\0\1\1\0\0\1\0\0\0\0\0\0\1a\2de\0\0\1\0\1"
    dns = build.ethernet(build.ipv4(build.udp(query, sport=999, dport=53), src="10.0.0.1", dst="10.0.0.2", proto=17))
    data = build.pcap(
        [(1, tcp(one, 1)), (2, tcp(two, 1 + len(one))), (3, tcp(b"st: y\r\n\r\n", 1 + len(one + two))), (4, dns)]
    )
    for sizes in ([1 << 20], [50]):
        _follower, found = followed(data, sizes)
        http = [row for one in found for row in one.heads("http").to_pylist()]
        assert [(row["frame"], row["path"], row["complete"]) for row in http] == [(1, "/a", True), (2, "/b", False)]
        assert [row["frame"] for one in found for row in one.heads("dns").to_pylist()] == [4]
        assert not any(len(one.heads("tls")) for one in found)
    records = read_records(data, "test")
    view = BytesView(data)
    assert [row["complete"] for row in http_heads(view, records, whole(data)).to_pylist()] == [True, True]
    assert len(dns_messages(view, records, whole(data))) == 1
