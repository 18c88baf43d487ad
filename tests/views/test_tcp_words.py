"""TCP of one connection in sentences, against what iperf3 says of itself."""

from __future__ import annotations

from captools.pipeline import open_session
from captools.views.tcp_words import tcp_words
from captures import case

# Read before the tests of this room forbid opening files.
CASE = case("s16-without-encryption")
ANALYSIS = open_session([CASE.folder]).analysis
(TOLD,) = CASE.truth["truth"]["transfers"]


def words(port: int | None) -> list[str]:
    return tcp_words(ANALYSIS, next(one for one in ANALYSIS.paths if one.flow.sport == port))


def test_handshake_mss_and_bytes_are_told():
    begin, sent = words(TOLD["sport"])
    # The pods' MTU of 1500 without 40 bytes of headers; the segments have 12 bytes of timestamps less (RFC 7323).
    assert begin.endswith(" (seen at k8s-ctr/lxca72ed626ec04), MSS 1,460 bytes (client) and 1,460 bytes (server)")
    assert begin.startswith("handshake in ") and " µs " in begin
    sent_bytes = TOLD["bytes_received"] + 37  # the cookie with which iperf3 begins
    assert sent.startswith(f"{sent_bytes:,} bytes sent in ") and sent.endswith(
        f", at most {TOLD['mss']:,} in a segment"
    )


def test_each_way_that_carried_bytes_has_a_sentence():
    control = next(one for one in ANALYSIS.paths if one.flow.dport == 5201 and one.flow.sport != TOLD["sport"])
    told = tcp_words(ANALYSIS, control)
    assert ["sent" in line or "fetched" in line for line in told] == [False, True, True]


def test_a_ping_has_none():
    assert words(None) == []
