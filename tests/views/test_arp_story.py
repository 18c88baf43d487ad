"""ARP frames as stories: what each says in plain words, and what became of its address."""

from __future__ import annotations

from captools.model.analysis import Analysis
from captools.views.arp_story import findings_about, of_frame
from tests.correlate.arp_segment import MACS, ROUTER, VIP, A, B, Segment


def row_of(analysis: Analysis, **wanted: int) -> int:
    """Return the first row with these values."""
    rows = analysis.packets.select(list(wanted)).to_pylist()
    return next(at for at, row in enumerate(rows) if all(row[name] == value for name, value in wanted.items()))


def test_a_question_names_who_asks_and_for_what():
    analysis = Segment().ask(0).chatter(2000).analysed()
    first, *rest = of_frame(analysis, row_of(analysis, arp_op=1))
    assert first == f"{ROUTER} (192.168.10.200) asks everybody: who has default/shop ({VIP})?"
    assert any(f"{ROUTER} (192.168.10.200) asked once" in line for line in rest)


def test_an_answer_names_the_machine_and_whom_it_told():
    analysis = Segment().resolve(0, A).chatter(2000).analysed()
    lines = of_frame(analysis, row_of(analysis, arp_op=2))
    assert lines[0] == f"{MACS[A]} answers {ROUTER} (192.168.10.200): it has default/shop ({VIP})."
    assert any(f"{MACS[A]}, {A}/eth1, answered once, at 22:13:20.000 UTC" in line for line in lines)


def test_an_announcement_is_called_gratuitous():
    analysis = Segment().announce(0, A).chatter(2000).analysed()
    assert of_frame(analysis, row_of(analysis, arp_op=2))[0] == (
        f"{MACS[A]} announces to everybody that it has default/shop ({VIP}) (gratuitous ARP)."
    )


def test_a_question_to_one_machine_names_its_mac_address():
    analysis = Segment().ask(0, to=A).chatter(2000).analysed()
    assert f"asks {MACS[A]}: who has" in of_frame(analysis, row_of(analysis, arp_op=1))[0]


def test_the_gap_and_both_owners_are_told_with_the_finding():
    talk = Segment().chatter(6000).resolve(0, A).ask(1000).ask(2000).announce(3000, B)
    analysis = talk.analysed()
    text = "\n".join(of_frame(analysis, row_of(analysis, arp_op=2)))
    assert (
        "From 22:13:21.000 UTC until 22:13:23.000 UTC (2.00 s) nobody answered: 2 ARP questions and 0 packets" in text
    )
    assert f"{MACS[B]}, {B}/eth1, answered nobody, announced it once" in text
    assert findings_about(analysis, 0) == (), "findings are judged elsewhere"


def test_silence_is_told_with_where_an_answer_would_have_been_seen():
    seen = Segment().ask(0).ask(1000).chatter(3000).analysed()
    assert any("router/eth1, where it would have been" in line for line in of_frame(seen, row_of(seen, arp_op=1)))
    blind = Segment(points=(f"{A}/eth1",)).ask(0).ask(1000).chatter(3000).analysed()
    assert any("may have gone by elsewhere" in line for line in of_frame(blind, row_of(blind, arp_op=1)))


def test_two_answers_to_one_question_are_told():
    analysis = Segment().resolve(0, A).answer(0.3, B).chatter(2000).analysed()
    assert any("answered the same question once" in line for line in of_frame(analysis, row_of(analysis, arp_op=2)))


def test_any_other_frame_has_no_such_story():
    analysis = Segment().chatter(1000).analysed()
    assert of_frame(analysis, 0) == [] and findings_about(analysis, 0) == () and of_frame(analysis, 9_999) == []
