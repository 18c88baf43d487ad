"""TLS hellos as the kernels scan them: what the reference reads in them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captools.wire.tls import read_hello
from captures import build
from captures.generate import generate
from tests.wire.conversation import Seg, frame, opening
from tests.wire.equality import compiled

pytestmark = pytest.mark.slow
NAMES = ("kind", "version", "random", "session_id_len", "cipher", "sni", "alpn", "complete")


def assert_like_the_reference(data: bytes) -> int:
    found = [one for one in compiled(data).sides["hellos"].to_pylist() if one["complete"]]
    for one in found:
        begin = one["offset"] + 5
        wanted = read_hello(data[begin : begin + one["length"]])
        assert {name: one[name] for name in NAMES} == {name: getattr(wanted, name) for name in NAMES}
    return len(found)


def capture(*payloads: bytes) -> bytes:
    at, sent = 0, [opening()]
    for one in payloads:
        sent.append(Seg(one, at))
        at += len(one)
    return build.pcap([(number, frame(one)) for number, one in enumerate(sent)])


def extension(kind: int, value: bytes) -> bytes:
    return kind.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value


def hello(extensions: bytes, *, kind: int = 1, session: bytes = b"s" * 32, version: int = 0x0303) -> bytes:
    body = version.to_bytes(2, "big") + bytes(range(32)) + bytes((len(session),)) + session
    body += b"\x00\x04\x13\x01\x13\x02\x01\x00" if kind == 1 else b"\x13\x01\x00"
    body += len(extensions).to_bytes(2, "big") + extensions
    message = bytes((kind,)) + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message


def test_generated_traffic():
    assert assert_like_the_reference(b"".join(generate(packets=4_000, seed=2))) > 100


@st.composite
def extensions(draw: st.DrawFn) -> bytes:
    name = draw(st.text("abc.-", max_size=300)).encode()
    server_name = b"\0" + len(name).to_bytes(2, "big") + name
    protocols = draw(st.lists(st.sampled_from((b"h2", b"http/1.1", b"x")), max_size=4))
    block = b"".join(bytes((len(one),)) + one for one in protocols)
    versions = b"".join(
        draw(st.lists(st.sampled_from((b"\x03\x04", b"\x03\x03", b"\x0a\x0a", b"\x7f\x1c")), max_size=3))
    )
    made = [
        extension(0, len(server_name).to_bytes(2, "big") + server_name), extension(16, len(block).to_bytes(2, "big") + block),
        extension(43, bytes((len(versions),)) + versions), extension(21, bytes(draw(st.integers(0, 50)))),
    ]  # fmt: skip
    return b"".join(draw(st.permutations(made))[: draw(st.integers(0, 4))])


@settings(max_examples=200, deadline=None)
@given(extensions(), st.integers(0, 32), st.sampled_from((0x0303, 0x0301)))
def test_any_client_hello(some, session, version):
    assert assert_like_the_reference(capture(hello(some, session=b"s" * session, version=version))) == 1


def test_server_hellos_say_what_was_chosen():
    chosen = extension(43, b"\x03\x04") + extension(16, b"\x00\x03\x02h2")
    data = capture(hello(chosen, kind=2))
    assert assert_like_the_reference(data) == 1
    (one,) = compiled(data).sides["hellos"].to_pylist()
    assert (one["cipher"], one["version"], one["alpn"]) == (0x1301, 0x0304, ["h2"])


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_hello_cut_or_changed_anywhere_stays_within_its_bytes(draw):
    whole = hello(draw.draw(extensions()))
    changed = bytearray(whole[: draw.draw(st.integers(6, len(whole)))])
    for at in draw.draw(st.lists(st.integers(6, len(changed) - 1), max_size=4)) if len(changed) > 6 else ():
        changed[at] = draw.draw(st.integers(0, 255))
    data = capture(bytes(changed))
    (flow,) = compiled(data).flows.to_pylist()
    complete = [one["complete"] for one in compiled(data).sides["hellos"].to_pylist()]
    assert flow["tls"] and (flow["odd_tls"] or all(complete))
