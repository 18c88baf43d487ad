"""The HTTP machine of a lane: where it stands behind each message, and what it does not follow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.wire import http
from captools.wire.kernels import records
from captures import build
from tests.wire.conversation import Seg, frame, opening
from tests.wire.equality import compiled

pytestmark = pytest.mark.slow
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def state(*payloads: bytes, snaplen: int = 262_144) -> tuple[int, int, bool]:
    at, sent = 0, [opening()]
    for one in payloads:
        sent.append(Seg(one, at))
        at += len(one)
    data = build.pcap([(number, frame(one)) for number, one in enumerate(sent)], snaplen=snaplen)
    (flow,) = compiled(data).flows.to_pylist()
    return flow["stage"], flow["left"], flow["odd"]


@given(
    st.binary(min_size=1, max_size=8)
    | st.sampled_from(http.WORDS)
    | st.sampled_from(http.WORDS).map(lambda word: word[:2])
)
def test_the_same_payloads_may_begin_a_head_as_in_the_reference(payload):
    from captools.wire.kernels.messages import may_begin

    head = np.uint64(int.from_bytes(payload.ljust(8, b"\0"), "big"))
    wanted = http.may_begin(np.array([head]), np.array([len(payload)]))
    assert bool(may_begin(head, len(payload))) == wanted.tolist()[0]


@pytest.mark.parametrize(
    ("payloads", "wanted"),
    [
        ((b"GET / HTTP/1.1\r\n\r\n",), (records.HEAD_NEXT, 0)),
        ((b"PUT / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc",), (records.BODY, 6)),
        ((b"PUT / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", b"def", b"ghi"), (records.HEAD_NEXT, 0)),
        ((b"HTTP/1.1 200 OK\r\n\r\nabc", b"HTTP/1.1 200 OK\r\n\r\n"), (records.UNTIL_CLOSE, 0)),
        ((b"HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n",), (records.HEAD_NEXT, 0)),
        ((CHUNKED,), (records.CHUNK_SIZE, -1)),
        ((CHUNKED + b"1",), (records.CHUNK_SIZE, 1)),
        ((CHUNKED, b"1", b"0\r"), (records.CHUNK_SIZE_LF, 16)),
        ((CHUNKED + b"10\r\nab",), (records.CHUNK_DATA, 14)),
        ((CHUNKED + b"2\r\nab",), (records.CHUNK_CR, 0)),
        ((CHUNKED + b"2\r\nab\r",), (records.CHUNK_LF, 0)),
        ((CHUNKED + b"2\r\nab\r\n0\r\n",), (records.LAST_CR, 0)),
        ((CHUNKED + b"0\r\n\r",), (records.LAST_LF, 0)),
        ((CHUNKED + b"aB\r\n" + b"x" * 0xAB + b"\r\n0\r\n\r\n",), (records.HEAD_NEXT, 0)),
        ((b"nothing of HTTP", b"at all"), (records.SEARCHING, 0)),
        ((b"\x00first", b"GET / HTTP/1.1\r\n\r\n"), (records.HEAD_NEXT, 0)),
    ],
)  # fmt: skip
def test_where_the_machine_stands(payloads, wanted):
    assert state(*payloads) == (*wanted, False)


@pytest.mark.parametrize(
    "payloads",
    [
        (b"GET / HTTP/1.1\r\nHost", b": a\r\n\r\n"), (b"GE", b"T / HTTP/1.1\r\n\r\n"), (b"GET / HTTP/1.1\r\n\r\nXYZ",),
        (b"HTTP/1.1 101 Switching\r\n\r\n",), (CHUNKED + b"1;a=b\r\n",), (CHUNKED + b"g\r\n",), (CHUNKED + b"\r\n",),
        (CHUNKED + b"0\r\nTrailer: 1\r\n\r\n",), (CHUNKED + b"1\nx",), (CHUNKED + b"1\r\nxy",), (CHUNKED + b"fffffffff",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"), (b"\r\n\r\nGET / HTTP/1.1\r\n\r\n",),
    ],
)  # fmt: skip
def test_what_it_does_not_follow_is_odd(payloads):
    assert state(*payloads)[2]


def test_bytes_that_were_not_captured_do_not_matter_inside_a_body():
    put = b"PUT / HTTP/1.1\r\nContent-Length: 500\r\n\r\n"
    assert state(put + b"x" * 300, b"y" * 200, b"GET / HTTP/1.1\r\n\r\n", snaplen=200) == (records.HEAD_NEXT, 0, False)
    assert state(put + b"x" * 500 + b"GET / HTTP/1.1\r\n\r\n", snaplen=200)[2]
