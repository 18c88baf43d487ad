"""Two ends of a flow in words."""

from __future__ import annotations

import pytest

from captools.model.errors import UsageError
from captools.views.ends import End, paths_between, read_ends


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("10.0.0.1:40000-10.0.0.2:80", (End("10.0.0.1", 40000), End("10.0.0.2", 80))),
        ("[fd00::1]:1-[fd00:0::2]:2", (End("fd00::1", 1), End("fd00::2", 2))),
        ("10.0.0.1 -> 10.0.0.2", (End("10.0.0.1", None), End("10.0.0.2", None))),
        ("10.0.0.1-[fd00::2]:443", (End("10.0.0.1", None), End("fd00::2", 443))),
    ],
)
def test_ends_are_read_as_people_write_them(text, ends):
    assert read_ends(text) == ends


@pytest.mark.parametrize("text", ["", "10.0.0.1", "10.0.0.1:80", "fd00::1-fd00::2", "10.0.0.1:70000-10.0.0.2", "a-b",
                                  "999.0.0.1-10.0.0.2", "[1:2]-[::1]"])  # fmt: skip
def test_what_are_no_ends_is_one_sentence_with_an_example(text):
    with pytest.raises(UsageError, match="is not two ends; write A:PORT-B:PORT"):
        read_ends(text)


def test_a_path_is_found_by_its_flow_and_by_what_any_hop_saw(sample):
    analysis = sample.s2()
    (path, *_) = analysis.paths
    flow, hop = path.flow, path.hops[-1]
    for src, sport, dst, dport in (
        (flow.src, flow.sport, flow.dst, flow.dport),
        (hop.src, hop.sport, hop.dst, hop.dport),
    ):
        assert path in paths_between(analysis, (End(src, sport), End(dst, dport)))
        assert path in paths_between(analysis, (End(dst, None), End(src, None)))
    assert paths_between(analysis, (End("10.9.9.9", None), End(flow.dst, None))) == []
