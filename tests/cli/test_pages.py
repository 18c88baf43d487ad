"""Pages of packets that pass a filter."""

from __future__ import annotations

from captools.cli.pages import ByFilter, Everything, pages
from captools.pipeline import open_session
from captools.views.filter import compile_filter
from captures import case

FOLDER = case("s8-ingress-dedicated-snat").folder


def frames(judge, count=None):
    session = open_session([FOLDER])
    found = []
    for page in pages(session, judge, frozenset(), count):
        found += page.tables.packets.take(page.keep).select(["source", "frame"]).to_pylist()
    return found


def test_pages_make_up_the_whole_and_a_count_ends_them():
    session = open_session([FOLDER])
    whole = session.opened.packets().select(["source", "frame"]).to_pylist()
    assert frames(Everything()) == whole
    for count in (0, 1, session.sources[1].packets + 3):
        assert frames(Everything(), count) == whole[:count]


def test_a_filter_over_pages_says_what_it_says_of_the_whole():
    from captools.views.filter import Tables

    session = open_session([FOLDER])
    for text in ("http.request", "frame.time_delta == 0", "frame.time_relative > 0.5 && tcp", "http.x_forwarded_for"):
        judged = compile_filter(text)
        packets = session.opened.packets()
        mask = judged.mask(Tables(packets=packets, http=session.opened.http()))
        assert frames(ByFilter(judged)) == packets.filter(mask).select(["source", "frame"]).to_pylist(), text


def test_a_capture_without_packets_still_has_columns(tmp_path):
    from captures.build import pcap

    (tmp_path / "empty.pcap").write_bytes(pcap([]))
    (page,) = pages(open_session([tmp_path / "empty.pcap"]), Everything(), frozenset(), None)
    assert len(page.tables.packets) == len(page.keep) == 0 and "src" in page.tables.packets.column_names
