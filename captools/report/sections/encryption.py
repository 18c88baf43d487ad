"""Encryption between the nodes: what WireGuard carried, what crossed in clear, and what nobody could see."""

from __future__ import annotations

from captools.model.analysis import Analysis
from captools.model.encryption import Kind, Pair, Verdict
from captools.model.units import duration
from captools.report.blocks import Block, Paragraph, Table
from captools.report.document import SectionRule
from captools.views.verdict import sentence

TONES = {Verdict.ENCRYPTED: "good", Verdict.LEAKING: "bad", Verdict.UNKNOWN: "doubt", Verdict.NOT_ENCRYPTED: "plain"}
CLASSES = {
    Kind.POD: "pod packet", Kind.OVERLAY: "pod packet in a readable tunnel",
    Kind.DECRYPTED: "pod packet beside ESP, at its receiver", Kind.HEALTH: "health check, in clear by design",
    Kind.NODE: "node traffic, in clear by design", Kind.NEIGHBOUR: "neighbour discovery",
    Kind.OTHER: "addresses the inventory does not know",
}  # fmt: skip
MOST = 200


def build(analysis: Analysis) -> tuple[Block, ...]:
    """Return the verdict, the pairs of nodes and what was readable."""
    found = analysis.encryption
    blocks: list[Block] = [
        Paragraph(text=f"{found.verdict.value.capitalize()}. {sentence(found.reason)}", tone=TONES[found.verdict])
    ]
    if found.pairs:
        columns = (
            "pair",
            "WireGuard packets",
            "in clear",
            "inner matched",
            "inner unmatched",
            "handshakes",
            "coverage",
        )
        blocks.append(
            Table(caption="Pairs of nodes", columns=columns, rows=tuple(_pair(pair) for pair in found.pairs[:MOST]),
                  numbers=columns[1:5], code=("pair",), more=max(len(found.pairs) - MOST, 0))
        )  # fmt: skip
    if found.cleartext:
        rows = tuple(
            (one.src, one.dst, CLASSES.get(Kind(one.kind), one.kind), f"{one.packets:,}", ", ".join(one.points))
            for one in found.cleartext[:MOST]
        )
        blocks.append(
            Table(caption="Readable between nodes", columns=("from", "to", "what", "packets", "seen at"), rows=rows,
                  numbers=("packets",), code=("from", "to", "seen at"), more=len(found.cleartext) - len(rows))
        )  # fmt: skip
    return tuple(blocks)


def _pair(pair: Pair) -> tuple[str, ...]:
    answered = [one for one in pair.handshakes if one.result == "answered"]
    quickest = min((one.rtt_ns for one in answered if one.rtt_ns is not None), default=None)
    shakes = f"{len(answered)} of {len(pair.handshakes)} answered" if pair.handshakes else "none seen"
    if quickest is not None:
        shakes += f", quickest {duration(quickest)}"
    return (
        f"{pair.a} – {pair.b}", f"{pair.wireguard_packets:,}", f"{pair.cleartext_packets:,}",
        f"{pair.matched_inner:,}", f"{pair.unmatched_inner:,}", shakes, pair.coverage,
    )  # fmt: skip


SECTION = SectionRule(id="encryption", title="Encryption", order=60, build=build)
