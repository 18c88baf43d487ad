"""A small capture, decoded in memory."""

from __future__ import annotations

from hashlib import sha256

from captools.store.files import read_file
from captools.store.small import SmallCapture
from captools.wire.decode import Naming
from captools.wire.index import read_records
from captures import case

PATH = case("s8-ingress-dedicated-snat").capture("router/eth1")
NAMING = Naming(source="s", points=("n/eth1",))


def opened() -> SmallCapture:
    data, _damage = read_file(PATH)
    return SmallCapture(PATH, data, read_records(data, "t"), (8472,))


def test_pages_and_batches_are_parts_of_one_table():
    capture = opened()
    whole = capture.table(NAMING)
    assert len(whole) == len(capture) > 20
    assert capture.table(NAMING, 10, 5).equals(whole.slice(10, 5))
    assert sum(map(len, capture.batches(NAMING))) == len(capture)


def test_it_says_what_the_file_is():
    capture = opened()
    times = capture.table(NAMING)["ts_ns"].to_pylist()
    assert capture.times == (min(times), max(times))
    assert capture.sha256 == sha256(PATH.read_bytes()).hexdigest() and capture.damage == ""


def test_heads_are_there():
    heads = opened().http(NAMING)
    told = case("s8-ingress-dedicated-snat").truth["truth"]["requests"]
    assert len(heads) >= len(told) > 0
    assert len(opened().tls(NAMING)) == 0
