"""The HTTP, TLS and DNS messages that the kernels' scan leads to are exactly the reference's, for any segments."""

from __future__ import annotations

from captools.wire.bytesview import BytesView
from captools.wire.decode import decode
from captools.wire.dns import dns_messages
from captools.wire.heads import Messages
from captools.wire.http import http_heads
from captools.wire.index import read_records
from captools.wire.tls import tls_hellos
from tests.fuzz.targets.heads import MAX_LEN, capture, mutate, seeds, unpack
from tests.wire.equality import assert_equal, compiled, naming_of, plain

__all__ = ["MAX_LEN", "check", "mutate", "seeds"]
_READERS = {"http": http_heads, "tls": tls_hellos, "dns": dns_messages}


def check(data: bytes) -> None:
    """Compare the messages of both decoders."""
    file = capture(unpack(data))
    records, view, naming = read_records(file, "fuzz"), BytesView(file), naming_of(1)
    packets = decode(view, records, naming)
    found = Messages([compiled(file)], naming, memoryview(file))
    for name, read in _READERS.items():
        assert_equal(plain(getattr(found, name)()), plain(read(view, records, packets)))
