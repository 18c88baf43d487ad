"""One road for both formats: what it takes, and what it refuses in the words of the index."""

from __future__ import annotations

import pytest

import tests.wire.equality  # noqa: F401  the kernels' cache folder
from captools.model.errors import MalformedCapture
from captools.wire.index import read_records
from captures import build
from tests.wire import ngblocks

pytestmark = pytest.mark.slow


def run_over(data: bytes):
    from captools.wire.runs import HEAD, open_run

    run = open_run(data[:HEAD], "eth1.pcap")
    rest = data[HEAD:]
    run.space()[: len(rest)] = rest
    parts = list(run.filled(len(rest)))
    last = run.finish()
    return run, [*parts, *([last] if last else [])]


@pytest.mark.parametrize("data", [build.pcap([(1, b"a"), (2, b"b")]), build.pcapng([(0, 1, b"a"), (0, 2, b"b")])])
def test_both_formats_are_decoded_alike(data):
    run, parts = run_over(data)
    assert (run.rows, sum(len(part.packets.lane) for part in parts), run.have) == (2, 2, 0)
    assert (run.before, run.damage()) == (len(data), "")
    assert run.interfaces == read_records(data, "t").interfaces


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\xd4", b"12:00:00.000001 IP", bytes(40), build.pcap([])[:20],
        b"\xd4\xc3\xb2\xa1\7" + build.pcap([])[5:], build.pcapng([])[:9], build.pcapng([])[:27], ngblocks.section()[:24],
        ngblocks.block(0x0A0D0D0A, b"\x4d\x3c\x2b\x1a" + bytes(4)) + bytes(40), ngblocks.block(0x0A0D0D0A, bytes(18), again=3),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_the_words_of_the_index(data):
    def said(read) -> str:
        try:
            read()
        except MalformedCapture as refused:
            return str(refused)
        return ""

    wanted = said(lambda: read_records(data, "eth1.pcap"))
    assert said(lambda: run_over(data)) == wanted
    assert wanted.startswith("eth1.pcap: ")


def test_bytes_behind_the_end_are_let_go():
    import struct

    for data in (
        build.pcap([(1, b"a")]) + struct.pack("<IIII", 1, 1, 0x7FFFFFFF, 20),
        build.pcapng([(0, 1, b"a")]) + struct.pack("<III", 6, 13, 0) + bytes(4),
    ):
        run, _parts = run_over(data)
        said, held = run.damage(), len(run.data)
        assert run.ended and said
        for _ in range(50):
            list(run.filled(len(run.space())))
        assert run.damage() == said and len(run.data) <= 2 * held
