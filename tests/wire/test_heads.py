"""HTTP, TLS and DNS from what the kernels scanned: the tables of the reference, row by row, whatever the traffic."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captools.model.errors import MalformedCapture
from captools.model.packets import HTTP, TLS
from captools.store.files import read_file
from captools.wire.bytesview import BytesView
from captools.wire.decode import decode
from captools.wire.dns import dns_messages
from captools.wire.http import http_heads
from captools.wire.index import is_capture, read_records
from captools.wire.tls import tls_hellos
from captures import build
from captures.generate import generate
from tests.agreement.telling import telling
from tests.conftest import SHARED
from tests.wire.conversation import ACK, FIN, SYN, Seg, frame, opening
from tests.wire.equality import assert_equal, compiled, mutated, naming_of, plain
from tests.wire.ranges import apart

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


def assert_same_tables(data: bytes, threads: tuple[int, ...] = (1,)) -> dict[str, pa.Table]:
    from captools.wire.heads import Messages

    records, view = read_records(data, "test"), BytesView(data)
    naming = naming_of(len(records.interfaces))
    packets = decode(view, records, naming)
    readers = {"http": http_heads, "tls": tls_hellos, "dns": dns_messages}
    wanted = {name: plain(read(view, records, packets)) for name, read in readers.items()}
    for count in threads:
        messages = Messages([compiled(data)] if count == 1 else apart(data, count), naming, memoryview(data))
        for name, table in wanted.items():
            assert_equal(plain(getattr(messages, name)()), table)
    return wanted


def odd_lanes(data: bytes) -> tuple[int, int]:
    """Return how many lanes with HTTP are not proven by the scan, and how many there are."""
    flows = compiled(data).flows.to_pylist()
    return sum(one["odd"] for one in flows if one["http"]), sum(one["http"] for one in flows)


def frames_of(data: bytes) -> list[tuple[int, bytes]]:
    records = read_records(data, "t")
    places = zip(records.ts_ns.tolist(), records.offset.tolist(), records.cap_len.tolist(), strict=True)
    return [(ts_ns, data[at : at + size]) for ts_ns, at, size in places]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_generated_traffic_and_none_of_its_lanes_is_odd(seed):
    data = b"".join(generate(packets=6_000, seed=seed, block=2_000))
    assert len(assert_same_tables(data, (1, 2, 5))["http"]) > 400
    odd, lanes = odd_lanes(data)
    assert odd == 0 and lanes > 300


@pytest.mark.parametrize("link", ["sll2", "raw"])
def test_generated_traffic_of_other_link_types(link):
    assert_same_tables(b"".join(generate(packets=2_000, seed=4, link=link)), (1, 2))


@pytest.mark.parametrize(
    "what", ["sent-again", "lost", "swapped", "from-its-middle", "cut", "cut-short", "headers", "bytes"]
)
def test_damaged_traffic(what):
    data = b"".join(generate(packets=5_000, seed=6, block=1_000))
    choose, frames = random.Random(7), frames_of(data)
    if what == "sent-again":
        frames = [one for each in frames for one in [each] * (1 + (choose.random() < 0.04))]
    elif what == "lost":
        frames = [one for one in frames if choose.random() > 0.03]
    elif what == "swapped":
        for at in range(len(frames) - 1):
            if choose.random() < 0.05:
                frames[at], frames[at + 1] = frames[at + 1], frames[at]
    elif what == "from-its-middle":
        frames = frames[2_000:]
    if what == "headers":
        data = mutated(data, 8)
    elif what == "bytes":
        changed = bytearray(data)
        records = read_records(data, "t")
        for at, size in zip(records.offset.tolist(), records.cap_len.tolist(), strict=True):
            if size > 70 and choose.random() < 0.2:
                changed[at + choose.randrange(54, size)] = choose.choice(b"\r\n :0Gg\x16\x03\xff\t")
        data = bytes(changed)
    else:
        data = build.pcap(frames, snaplen={"cut": 300, "cut-short": 110}.get(what, 262_144))
    assert_same_tables(data, (1, 3))


BODIES = (b"", b"x", b"hello " * 40, b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n")
ANSWERS = (b"HTTP/1.1 200 OK", b"HTTP/1.1 204 None", b"HTTP/1.1 100 Continue", b"HTTP/1.1 304 Same", b"HTTP/1.0 404 No")
ODD_ANSWERS = (*ANSWERS, b"HTTP/1.1 101 Up", b"HTTP/1.1 20x", b"HTTP/2 200")
REQUESTS = (b"GET / HTTP/1.1", b"POST /a?b HTTP/1.1", b"PUT /\xc3\xa9 HTTP/1.0", b"DELETE /x HTTP/1.1")
ODD_REQUESTS = (*REQUESTS, b"HEAD / HTTP/1.1", b"CONNECT a:1 HTTP/1.1", b"GET k", b"GETX / HTTP/1.1")
FIELDS = (b"Host: a.example", b"host:b", b"X-Forwarded-For: 10.0.0.1, 10.0.0.2", b"x-forwarded-for: 10.0.0.3",
          b"X-Request-Id:  abc \t", b"Cookie: " + b"c" * 300, b"X-Latin: \xe9", b"Connection: close", b"TE: chunked")  # fmt: skip
ODD_FIELDS = (*FIELDS, b"Upgrade: h2c", b"Transfer-Encoding: gzip", b"Content-Length: 5", b"no colon", b" folded",
              b"Content-Length: 0", b"Transfer-Encoding: Chunked")  # fmt: skip
LAST_CHUNKS = (b"0\r\n\r\n", b"00\r\n\r\n")
ODD_LAST_CHUNKS = (*LAST_CHUNKS, b"0;a=b\r\n\r\n", b"0\r\nTrailer: 1\r\n\r\n", b"0\n\n", b"")


@st.composite
def messages(draw: st.DrawFn, *, answer: bool, good: bool) -> tuple[bytes, bytes]:
    """One HTTP message: head and body."""
    first = (ANSWERS if good else ODD_ANSWERS) if answer else (REQUESTS if good else ODD_REQUESTS)
    lines = [draw(st.sampled_from(first))]
    lines += draw(st.lists(st.sampled_from(FIELDS if good else ODD_FIELDS), max_size=3))
    # A body that looks like an answer is one to the reference where the request was not seen: it was to HEAD then.
    body = draw(st.sampled_from(BODIES[:4] if good else BODIES))
    if lines[0] in ANSWERS[1:4] and good:
        body = b""
    kind = draw(st.sampled_from(("length", "length", "chunked", "nothing") + (() if good else ("short",))))
    if good and (body or answer) and kind == "nothing" and lines[0] not in ANSWERS[1:4]:
        kind = "length"
    if kind == "chunked" and not (good and lines[0] in ANSWERS[1:4]):
        lines.append(draw(st.sampled_from((b"Transfer-Encoding: chunked", b"transfer-encoding:chunked"))))
        cut = draw(st.integers(0, len(body)))
        sizes = [one for one in (body[:cut], body[cut:]) if one]
        end = draw(st.sampled_from(LAST_CHUNKS if good else ODD_LAST_CHUNKS))
        body = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in sizes) + end
    elif kind != "nothing":
        lines.append(b"Content-Length: %d" % (len(body) + (7 if kind == "short" else 0)))
    newline = b"\r\n" if good else draw(st.sampled_from((b"\r\n", b"\r\n", b"\n")))
    return newline.join([*lines, b"", b""]), body


@st.composite
def segments(draw: st.DrawFn, *, answer: bool, good: bool) -> list[Seg]:
    """What one side sends: messages behind one another, cut into segments, some sent again, lost or late.

    ``good``: no head is cut, nothing is lost or late, and the grammar is kept.
    """
    whole = draw(st.lists(messages(answer=answer, good=good), min_size=1, max_size=5))
    cuts, at = {0}, 0
    for head, body in whole:
        if draw(st.integers(0, 3)):
            cuts.add(at)
        at += len(head) + len(body)
        cuts |= {at - one for one in draw(st.lists(st.integers(0, len(body)), max_size=2))}
    data = b"".join(head + body for head, body in whole)
    if not good:
        cuts |= set(draw(st.lists(st.integers(0, len(data)), max_size=draw(st.sampled_from((0, 0, 1, 3))))))
    places = [*sorted(cuts), len(data)]
    sent = [
        Seg(data[begin:end], begin, answer=answer)
        for begin, end in zip(places, places[1:], strict=False)
        if end > begin
    ]
    start = [opening(answer)] if draw(st.booleans()) else []
    end = Seg(b"", len(data), FIN | ACK, answer)
    sent = [*start, *sent, *draw(st.sampled_from(([], [end], [end, end])))]
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 2)))):
        number = draw(st.integers(0, len(sent) - 1))
        one = sent[number]
        trick = "again" if good else draw(st.sampled_from(("again", "lost", "late", "longer", "anew")))
        if trick == "again":
            sent.insert(draw(st.integers(number + 1, len(sent))), one)
        elif trick == "lost" and len(sent) > 1:
            del sent[number]
        elif trick == "late":
            sent.insert(draw(st.integers(0, len(sent) - 1)), sent.pop(number))
        elif trick == "longer" and one.at >= 0:
            sent.insert(number + 1, Seg(data[one.at : one.at + len(one.data) + 5], one.at, answer=answer))
        elif trick == "anew":
            sent.insert(number, Seg(b"", -1, SYN, answer, isn=77))
    return sent


@st.composite
def conversations(draw: st.DrawFn, *, good: bool) -> list[Seg]:
    """Both sides, mixed in any way that keeps the order of each."""
    sides = [draw(segments(answer=answer, good=good)) for answer in (False, True)]
    turns = draw(st.permutations([0] * len(sides[0]) + [1] * len(sides[1])))
    return [sides[turn].pop(0) for turn in turns]


def capture(talk: list[Seg], snaplen: int = 262_144) -> bytes:
    return build.pcap([(number, frame(one)) for number, one in enumerate(talk)], snaplen=snaplen)


@settings(max_examples=300, deadline=None)
@given(conversations(good=False), st.sampled_from((262_144, 262_144, 120)))
def test_any_conversation(talk, snaplen):
    assert_same_tables(capture(talk, snaplen))


@settings(max_examples=300, deadline=None)
@given(conversations(good=True), st.sampled_from((262_144, 262_144, 400)))
def test_good_conversations_are_proven(talk, snaplen):
    data = capture(talk, snaplen)
    assert_same_tables(data)
    if snaplen > 400:
        assert odd_lanes(data)[0] == 0


@settings(max_examples=80, deadline=None)
@given(st.booleans().flatmap(lambda good: conversations(good=good)), st.integers(2, 4))
def test_any_conversation_over_byte_ranges(talk, threads):
    # So much else that every range has something to find its begin by.
    noise = build.ethernet(build.ipv4(build.udp(b"n" * 40, sport=9, dport=9), src="10.9.0.1", dst="10.9.0.2", proto=17))
    frames = [one for each in talk for one in (noise, frame(each), noise, noise)] + [noise] * 40
    data = build.pcap([(1_700_000_000_000_000_000 + number, one) for number, one in enumerate(frames)])
    assert_same_tables(data, (threads,))


def exchange(*sides: bytes, size: int = 1_400) -> bytes:
    """A capture of an opened connection: each side's bytes in segments of ``size``."""
    sent = [opening(), opening(True)]
    for answer, data in enumerate(sides):
        sent += [Seg(data[at : at + size], at, answer=bool(answer)) for at in range(0, len(data), size)]
    return build.pcap([(number, frame(one)) for number, one in enumerate(sent)])


def test_pipelined_heads_behind_bodies_are_proven():
    asked = b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n\r\n" * 6
    answered = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nHTTP/1.1 204 No\r\n\r\n" * 6
    )
    data = exchange(asked, answered)
    found = assert_same_tables(data)["http"]
    assert odd_lanes(data) == (0, 2)
    assert found["path"].to_pylist() == ["/a", "/b"] * 6 + [None] * 12
    assert found["order"].to_pylist() == [*range(12), *range(12)]


@pytest.mark.parametrize("size", [1_400, 200, 61])
def test_bodies_of_many_segments_are_hashed(size):
    asked = b"POST /a HTTP/1.1\r\nContent-Length: 3000\r\n\r\n" + b"a" * 3_000 + b"GET /b HTTP/1.1\r\n\r\n"
    chunks = b"".join(b"%x\r\n%b\r\n" % (one, b"z" * one) for one in (700, 1, 1_500)) + b"0\r\n\r\n"
    answered = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    found = assert_same_tables(exchange(asked, answered, size=size))["http"].to_pylist()
    assert [one["body_hash"] is not None for one in found] == [True, False, True]


@pytest.mark.parametrize(
    "asked",
    [
        b"HEAD / HTTP/1.1\r\n\r\n", b"CONNECT a:1 HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\nGET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\nHost: a\n\n",
        b"GET / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab", b"GET / HTTP/1.1\r\nHost: cut",
    ],
)  # fmt: skip
def test_what_the_scan_does_not_follow_makes_the_lane_odd(asked):
    data = exchange(asked)
    assert odd_lanes(data)[0] == 1
    assert_same_tables(data)


@pytest.mark.parametrize("line", [b"CONNEC HTTP/1.1", b"DELETE HTTP/1.1", b"OPTIONS  HTTP/1.1", b"GET / HTTP/1.1"])
def test_a_request_line_without_a_path_reads_nothing_behind_its_text(line):
    data = build.pcap([(at, frame(one)) for at, one in enumerate((opening(), Seg(line + b"\r\nHost: a\r\n\r\n")))])
    assert_same_tables(data)
    (path,) = compiled(data).sides["heads"]["path"].to_pylist()
    assert path in ("", "/")


def test_a_hello_that_seems_to_come_again_is_found_where_a_late_syn_begins_another_stream():
    hello = Seg(b"\x16\x03\x01\0\x4c\x01\0\0\x48\x03\x03", at=-27)  # inside the bytes of the first segment
    data = build.pcap([(at, frame(one)) for at, one in enumerate((Seg(bytes(27), at=-28), opening(), hello))])
    assert assert_same_tables(data)["tls"]["row"].to_pylist() == [2]


def test_nothing_gives_empty_tables():
    from captools.wire.heads import Messages

    data = build.pcap([])
    made = Messages([compiled(data)], naming_of(1), memoryview(data))
    assert (made.http().schema, made.tls().schema, len(made.dns())) == (HTTP, TLS, 0)


def captures() -> list[Path]:
    folders = [SHARED / "captures-real" / name for name in ("http", "http2", "tls", "k8s", "cilium")]
    found = [*telling(), *(path for folder in folders for path in sorted(folder.rglob("*")))]
    return [path for path in found if path.suffix in (".pcap", ".pcapng", ".cap", ".gz", ".zst")]


@pytest.mark.parametrize("path", captures(), ids=lambda path: path.name)
def test_reference_and_real_captures(path):
    try:
        data = read_file(path)[0]
        if not is_capture(data[:4]) or len(data) > 20_000_000:
            pytest.skip("no capture, or a large one")
        read_records(data, "t")
    except MalformedCapture:
        pytest.skip("not readable")
    assert_same_tables(data, (1, 2))
