"""The tables of messages of an entry are the reference's, of plain and of packed files, and are made once."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from captures.generate import generate
from tests.wire.equality import naming_of, plain

pytestmark = pytest.mark.slow
NAMING = naming_of(1)


@pytest.fixture(scope="module")
def data() -> bytes:
    return b"".join(generate(packets=30_000, seed=6))


def of_reference(data: bytes, kind: str):
    from captools.wire.bytesview import BytesView
    from captools.wire.decode import decode
    from captools.wire.dns import dns_messages
    from captools.wire.http import http_heads
    from captools.wire.index import read_records
    from captools.wire.tls import tls_hellos

    view, records = BytesView(data), read_records(data, "t")
    read = {"http": http_heads, "tls": tls_hellos, "dns": dns_messages}[kind]
    return plain(read(view, records, decode(view, records, NAMING)))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ["http", "tls", "dns"])
def test_they_are_the_references_and_are_kept(data, tmp_path, kind, packed):
    from captools.store.cache.entry import Entry
    from captools.store.cache.ingest import ingest
    from captools.store.cache.messages import messages

    path = tmp_path / "a.pcap"
    path.write_bytes(gzip.compress(data, 1) if packed else data)
    entry = Entry(ingest(path, [tmp_path / "c"], "key", vxlan_ports=(8472, 4789), threads=2))
    wanted = of_reference(data, kind)
    assert len(wanted) > 50
    for _ in range(2):  # made, then read back
        found = plain(messages(entry, path, kind, NAMING))
        for name in wanted.column_names:
            assert found[name].to_pylist() == wanted[name].to_pylist(), name
        path.write_bytes(b"gone")


def test_bytes_of_a_file_are_those_of_its_slices_and_end_with_it(tmp_path):
    from captools.store.cache.messages import bytes_of

    whole = bytes(range(256)) * 64
    path = tmp_path / "a.pcap"
    path.write_bytes(whole)
    places = [
        (0, 4),
        (4, 9),
        (4_000, 4_200),
        (5, 5),
        (9, 3),
        (100, 12_000),
        (11_990, 12_001),
        (16_380, 16_390),
        (20_000, 20_001),
    ]
    with bytes_of(path) as data:
        assert [data[first:end].tobytes() for first, end in places] == [whole[first:end] for first, end in places]
        kept = data[0:4]
        assert data[9_000:9_004].tobytes() == whole[9_000:9_004] and kept.tobytes() == whole[:4]
        path.write_bytes(whole[:10])
        assert data[8:12].tobytes() == whole[8:10]


def test_little_of_a_large_file_becomes_our_memory(tmp_path):
    from captools.store.cache.messages import bytes_of

    def held() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) << 12

    path = tmp_path / "a.pcap"
    path.write_bytes(bytes(100 << 20))
    before = held()
    with bytes_of(path) as data:
        assert not any(data[at : at + 8].tobytes() != bytes(8) for at in range(0, 100 << 20, 64 << 10))
        assert held() - before < 10 << 20
