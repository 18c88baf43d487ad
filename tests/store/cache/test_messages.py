"""The tables of messages of an entry are the reference's, of plain and of packed files, and are made once."""

from __future__ import annotations

import gzip

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
