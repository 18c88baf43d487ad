"""The kernels equal the numpy reference in every column: on good, damaged, nested and hostile frames."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captools.model.errors import MalformedCapture
from captools.store.files import read_file
from captools.wire.index import is_capture, read_records
from captures import build, cases
from captures.generate import generate
from tests.scale import packets as count_of
from tests.scale import times
from tests.wire.equality import assert_same, mutated

pytestmark = pytest.mark.slow
u8, u16, u32 = st.integers(0, 0xFF), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)
v4 = u32.map(lambda n: ".".join(str(n >> shift & 255) for shift in (24, 16, 8, 0)))
v6 = st.integers(0, 0xFFFF).map(lambda n: f"2001:db8::{n:x}")
LINKTYPES = (0, 1, 12, 14, 101, 108, 113, 147, 228, 229, 276)


def tcp_options() -> st.SearchStrategy[bytes]:
    one = st.one_of(
        st.just(b"\x01"), st.just(b"\x00"), st.binary(max_size=3),
        u16.map(lambda mss: b"\x02\x04" + mss.to_bytes(2, "big")), u8.map(lambda shift: bytes((3, 3, shift))),
        st.tuples(u32, u32).map(lambda pair: build.timestamps(*pair)),
        st.integers(1, 4).flatmap(lambda n: st.binary(min_size=8 * n, max_size=8 * n)).map(
            lambda edges: bytes((5, 2 + len(edges))) + edges),
    )  # fmt: skip
    return st.lists(one, max_size=4).map(lambda some: b"".join(some)[:40])


@st.composite
def labelled(draw: st.DrawFn, framed: bytes, inner: bytes) -> bytes:
    """What a label stack may carry."""
    body = draw(st.sampled_from((inner, inner, framed, bytes(4) + framed, b"\x10\0\0\7" + inner, b"")))
    return build.mpls(body, *draw(st.lists(st.integers(0, 0xFFFFF), min_size=1, max_size=4)))


@st.composite
def shimmed(draw: st.DrawFn, framed: bytes, inner: bytes) -> bytes:
    """What a service header may carry."""
    following = draw(st.integers(1, 6))
    body = framed if following == 3 else draw(labelled(framed, inner)) if following == 5 else inner
    return build.nsh(body, following=following, context=bytes(draw(st.sampled_from((0, 4, 16)))))


@st.composite
def packets(draw: st.DrawFn, depth: int = 0) -> tuple[int, bytes]:
    """An IP packet (EtherType, bytes) with anything in it, tunnels in tunnels included."""
    kind = draw(st.sampled_from(("tcp", "udp", "icmp", "icmp6", "nd", "sctp", "other", "wg", "ah", "esp", "natt", "vxlan",
                                 "gpe", "geneve", "gre", "erspan", "ip")))  # fmt: skip
    proto, ports = 0, {"sport": draw(u16), "dport": draw(u16)}
    if kind in ("vxlan", "gpe", "geneve", "gre", "erspan", "ip", "ah") and depth < 10:
        inner_kind, inner = draw(packets(depth=depth + 1))
        framed = build.ethernet(inner, kind=inner_kind, vlans=draw(st.lists(st.integers(0, 4095), max_size=2)))
        if kind == "vxlan":
            body = build.vxlan(framed, vni=draw(st.integers(0, 0xFFFFFF)), flags=draw(st.sampled_from((8, 8, 0, 0x0C, 0x88))),
                               group=draw(u16))  # fmt: skip
            proto, body = 17, build.udp(body, sport=ports["sport"], dport=draw(st.sampled_from((8472, 4789))))
        elif kind == "geneve":
            dsr = b"\x01\x4b\x81\x02" + draw(st.binary(min_size=8, max_size=8))
            options = draw(
                st.sampled_from((b"", dsr, dsr[:4], b"\x01\x4b\x81\x06" + bytes(24), b"\x00\x00\x00\x00" + dsr))
            )
            shape = draw(st.sampled_from((0x6558, inner_kind, 0x1234)))
            body = build.geneve(framed if shape == 0x6558 else inner, vni=5, kind=shape, options=options)
            proto, body = 17, build.udp(body, sport=1, dport=6081)
        elif kind == "gre":
            body = draw(
                st.sampled_from(((inner_kind, inner), (0x8847, draw(labelled(framed, inner))), (0x9999, inner)))
            )
            proto, body = 47, build.gre(body[1], kind=body[0], key=draw(st.none() | u32), seq=draw(st.none() | u32),
                                        summed=draw(st.booleans()))  # fmt: skip
        elif kind == "gpe":
            following = draw(st.integers(0, 6))
            body = {1: inner, 2: inner, 4: draw(shimmed(framed, inner)), 5: draw(labelled(framed, inner))}.get(
                following, framed
            )
            body = build.vxlan_gpe(
                body, vni=6, following=following, flags=draw(st.sampled_from((0x0C, 0x0C, 8, 4, 0x1C)))
            )
            proto, body = 17, build.udp(body, sport=ports["sport"], dport=4790)
        elif kind == "erspan":
            proto, body = 47, build.erspan(framed, version=draw(st.integers(0, 2)), optional=draw(st.booleans()))
        elif kind == "ah":
            proto = 4 if inner_kind == 0x0800 else 41
            body = build.authenticated(inner, following=proto, spi=draw(u32), seq=draw(u32))
            proto, body = draw(st.sampled_from(((51, body), (proto, inner))))
        else:
            proto, body = (4 if inner_kind == 0x0800 else 41), inner
    elif kind == "tcp":
        proto = 6
        body = build.tcp(draw(st.binary(max_size=40)), **ports, seq=draw(u32), ack=draw(u32), flags=draw(u8),
                         window=draw(u16), options=draw(tcp_options()))  # fmt: skip
    elif kind in ("esp", "natt"):
        proto, body = 50, build.esp(draw(st.binary(max_size=20)), spi=draw(u32 | st.integers(0, 300)), seq=draw(u32))
        if kind == "natt":
            proto, body = 17, build.udp(draw(st.sampled_from((body, b"\xff"))), sport=4500, dport=ports["dport"])
    elif kind == "nd":
        options = draw(st.lists(st.sampled_from((build.link_option(1, "02:00:00:00:00:05"), bytes(8), b"\x0e\2" + bytes(14),
                                                 build.link_option(2, "02:00:00:00:00:06"))), max_size=3))  # fmt: skip
        proto, body = 58, build.neighbour(kind=draw(st.integers(133, 137)), target=draw(st.none() | v6),
                                          rest=draw(st.sampled_from((0, 8, 16))), options=b"".join(options))  # fmt: skip
    elif kind == "wg":
        proto = 17
        body = draw(st.sampled_from((b"\x01\0\0\0" + b"a" * 144, b"\x02\0\0\0" + b"b" * 88, b"\x03\0\0\0" + b"c" * 60)) |
                    st.integers(0, 80).map(lambda n: build.wireguard_data(receiver=7, counter=n, sealed=n)) |
                    st.integers(0, 80).map(lambda n: build.wireguard_data(receiver=7, counter=5, sealed=n) +
                                           build.wireguard_data(receiver=7, counter=6, sealed=n // 2)))  # fmt: skip
        body = build.udp(body, sport=draw(st.sampled_from((51871, 4000, 4001))), dport=draw(st.sampled_from((4000, 9))))
    elif kind in ("icmp", "icmp6"):
        proto = 1 if kind == "icmp" else 58
        quoted = build.ipv4(
            build.tcp(sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=draw(st.sampled_from((6, 17, 50)))
        )
        quoted = draw(
            st.sampled_from((quoted, quoted[:22], b"", build.ipv6(b"12345678", src="::1", dst="::2", proto=6)))
            | packets(depth=depth + 9).map(lambda packet: packet[1])
        )
        body = build.icmp_error(quoted, kind=draw(st.integers(0, 20) | st.integers(125, 140)), code=draw(st.integers(0, 6)),
                                mtu=draw(u16), length=draw(st.sampled_from((0, 0, 5, 7, 32))))  # fmt: skip
    else:
        proto = {"sctp": 132, "udp": draw(st.sampled_from((17, 136)))}.get(kind, draw(u8))
        body = build.udp(draw(st.binary(max_size=40)), **ports)
    if draw(st.booleans()):
        for extension in draw(st.lists(st.sampled_from((0, 43, 44, 51, 60)), max_size=3)):
            body = bytes((proto, 0)) + draw(st.sampled_from((b"\0\0", b"\0\x01", b"\x05\x58"))) + b"\0\0\0\x09" + body
            proto = extension
        return 0x86DD, build.ipv6(body, src=draw(v6), dst=draw(v6), proto=proto, hops=draw(u8),
                                  payload=draw(st.sampled_from((None, None, None, 0, 9))))  # fmt: skip
    return 0x0800, build.ipv4(
        body, src=draw(v4), dst=draw(v4), proto=proto, ttl=draw(u8), ident=draw(u16), tos=draw(u8),
        flags=draw(st.sampled_from((0, 1, 2, 2, 2))), fragment=draw(st.sampled_from((0, 0, 0, 185))),
        options=draw(st.sampled_from((b"", b"", b"\x94\x04\0\0"))), total=draw(st.sampled_from((None, None, None, 0, 30))),
    )  # fmt: skip


@given(st.lists(packets(), min_size=1, max_size=12), st.data())
@settings(max_examples=times(150, deep=3_000))
def test_stacks_of_any_headers_whole_and_cut_are_read_alike(stacks, data):
    frames = [build.ethernet(body, kind=kind) for kind, body in stacks]
    frames += [build.ethernet(data.draw(labelled(frames[0], stacks[0][1])), kind=0x8847)]
    frames += [build.ethernet(data.draw(shimmed(frames[0], stacks[0][1])), kind=0x894F)]
    assert_same(build.pcap(list(enumerate(frames))))
    assert_same(build.pcap(list(enumerate(frames)), snaplen=data.draw(st.integers(1, 200))))
    cut = [frame[: data.draw(st.integers(0, len(frame)))] for frame in frames]
    assert_same(build.pcap(list(enumerate(cut))))


@given(st.lists(st.binary(max_size=120), max_size=8), st.sampled_from(LINKTYPES))
def test_any_bytes_of_any_link_type_are_read_alike(frames, linktype):
    assert_same(build.pcap(list(enumerate(frames)), linktype=linktype))
    assert_same(build.pcapng([(0, at, frame) for at, frame in enumerate(frames)], interfaces=((linktype, "x"),)))


@pytest.mark.parametrize("link", ["en10mb", "sll", "sll2", "raw", "null"])
@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_synthetic_traffic_is_read_alike_good_and_mutated(link, form):
    data = b"".join(generate(packets=count_of(12_000), seed=7, link=link, form=form))
    assert_same(data)
    for seed in range(3):
        table = assert_same(mutated(data, seed))
        assert {"malformed", "unknown-ethertype", "later-fragment"} <= set(table["decode_stop"].to_pylist()) or link in (
            "raw", "null",
        )  # fmt: skip


def test_a_large_mutated_capture_is_read_alike_across_batches_and_parts():
    count = count_of(150_000)
    data = b"".join(generate(packets=count, seed=11))
    for seed in range(times(1, deep=7)):  # seven are a million packets
        assert len(assert_same(mutated(data, seed, times=6))) == count


def captures_below(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and is_capture(path.read_bytes()[:4])]


def test_every_reference_case_is_read_alike():
    for one in cases():
        packets = [len(assert_same(read_file(path)[0])) for path in one.captures]
        assert sum(packets) > 0, one.name


def test_every_real_capture_is_read_alike(shared):
    done = 0
    for path in captures_below(shared / "captures-real"):
        data = path.read_bytes()
        try:
            read_records(data, path.name)
        except MalformedCapture:
            continue
        assert_same(data)
        done += 1
    assert done >= 200
