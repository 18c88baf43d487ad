"""The encryption verdict as a person reads it on a terminal."""

from __future__ import annotations

from captools.model.analysis import Analysis
from captools.model.units import duration
from captools.views.text import safe, table


def as_text(analysis: Analysis) -> str:
    """Return the verdict, the pairs of nodes, the handshakes and what crossed in clear."""
    found = analysis.encryption
    lines = [f"{found.verdict.value}: {safe(found.reason)}"]
    if found.pairs:
        header = ("a", "b", "wireguard data", "cleartext", "inner matched", "inner unmatched", "handshakes", "coverage")
        rows = [
            (
                pair.a, pair.b, pair.wireguard_packets, pair.cleartext_packets, pair.matched_inner, pair.unmatched_inner,
                ", ".join(f"{one.result} {duration(one.rtt_ns)}" for one in pair.handshakes), pair.coverage,
            )
            for pair in found.pairs
        ]  # fmt: skip
        lines += ["", table(header, rows, most=100)]
    if found.cleartext:
        clear = ("src", "dst", "class", "sightings", "points")
        rows2 = [(one.src, one.dst, one.kind, one.packets, ", ".join(one.points)) for one in found.cleartext]
        lines += ["", "In the clear:", table(clear, rows2, most=100)]
        if any(one.kind == "node" for one in found.cleartext):
            lines.append("Class node is traffic of the nodes themselves: clear by design unless nodeEncryption is on.")
        lines += [
            f"  {safe(proof.file)}: {safe(proof.filter or proof.shows)}"
            for one in found.cleartext
            for proof in one.evidence[:1]
        ]
    return "\n".join(lines)
