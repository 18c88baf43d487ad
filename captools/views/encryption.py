"""The encryption verdict as a person reads it on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from captools.model.analysis import Analysis
from captools.model.encryption import Cleartext, Encryption, Kind, Pair
from captools.model.units import duration
from captools.model.wireguard import Crossing, Handshake, Session
from captools.views.text import safe, table

_MOST = 100


def as_text(analysis: Analysis) -> str:
    """Return the verdict, the pairs of nodes, what passed between their cards, failing handshakes, and clear traffic."""
    found = analysis.encryption
    lines = [f"{found.verdict.value}: {safe(found.reason)}"]
    if found.pairs:
        lines += ["", _pairs(found.pairs)]
    for part in (_classes(found), _crossings(found), _sessions(found), _troubles(found), _clear(found.cleartext)):
        if part:
            lines += ["", *part]
    return "\n".join(lines)


def unsealed_text(document: dict[str, Any]) -> list[str]:
    """Return what was found inside WireGuard, where keys were given: key ``unsealed`` of the document."""
    files = document.get("unsealed")
    if files is None:
        return []
    lines = ["", "Opened with the keys:"]
    for one in files:
        lines.append(f"{safe(one['file'])}: {one['opened']:,} of {one['data']:,} data messages")
        for inside in one["carried"][:_MOST]:
            frames = ", ".join(map(str, inside["frames"][:5])) + (" …" if inside["packets"] > 5 else "")
            count = f"{inside['packets']:,} {'packet' if inside['packets'] == 1 else 'packets'}"
            lines.append(f"  {inside['src']} > {inside['dst']}: {count} (in frames {frames})")
    if not files:
        lines.append("no capture file holds WireGuard data")
    elif not any(one["opened"] for one in files):
        lines.append(
            "nothing could be opened: a key log needs the ephemeral keys of the sessions captured, and the handshake"
        )
    return lines


def _pairs(pairs: tuple[Pair, ...]) -> str:
    header = (
        "a", "b", "wireguard data", "cleartext", "inner matched", "inner unmatched", "handshakes", "verdict", "coverage",
    )  # fmt: skip
    rows = [
        (
            pair.a, pair.b, pair.wireguard_packets, pair.cleartext_packets, pair.matched_inner, pair.unmatched_inner,
            ", ".join(_handshakes(pair.handshakes)), pair.verdict.value, pair.coverage,
        )
        for pair in pairs
    ]  # fmt: skip
    return table(header, rows, most=_MOST)


def _handshakes(shakes: tuple[Handshake, ...]) -> Iterator[str]:
    """Tell the first few one by one, of more only how many were answered."""
    if len(shakes) > 3:
        trips = [one.rtt_ns for one in shakes if one.rtt_ns is not None]
        quickest = f", quickest {duration(min(trips))}" if trips else ""
        yield f"{sum(one.result == 'answered' for one in shakes)} of {len(shakes)} answered{quickest}"
        return
    for one in shakes:
        kind = f"{one.kind} " if one.kind in ("retry", "rekey") else ""
        yield f"{kind}{one.result} {duration(one.rtt_ns)}" if one.result == "answered" else f"{kind}{one.result}"


def _classes(found: Encryption) -> list[str]:
    rows = [
        (pair.a, pair.b, one.kind.value, one.packets, one.sightings, ", ".join(one.points))
        for pair in found.pairs
        for one in pair.classes
    ]
    if not rows:
        return []
    header = ("a", "b", "class", "packets", "sightings", "points")
    return ["Every frame between the nodes:", table(header, rows, most=_MOST)]


def _crossings(found: Encryption) -> list[str]:
    rows = [
        (
            one.sender, one.receiver, one.matched, one.missing, one.unjudged, one.unsent, _delay(one),
            ", ".join(f"{point} ({count})" for point, count in one.last_seen.items()),
        )
        for pair in found.pairs
        for one in pair.crossings
    ]  # fmt: skip
    if not rows:
        return []
    header = (
        "from",
        "to",
        "arrived",
        "lost",
        "lost or past the capture",
        "not seen leaving",
        "delay (least, median, most)",
        "lost behind",
    )
    return ["WireGuard datagrams from card to card:", table(header, rows, most=_MOST)]


def _delay(one: Crossing) -> str:
    if one.delay_median_ns is None:
        return "unknown: the clocks cannot be compared"
    told = ", ".join(duration(each) for each in (one.delay_min_ns, one.delay_median_ns, one.delay_max_ns))
    return f"{told} (±{duration(one.delay_error_ns)})"


def _sessions(found: Encryption) -> list[str]:
    rows = [
        (one.sender, one.receiver, one.to_json()["receiver_index"], one.data, one.keepalives, word)
        for pair in found.pairs
        for one in pair.sessions
        if (word := _notable(one))
    ]
    if not rows:
        return []
    header = ("from", "to", "receiver index", "data", "keepalives", "what")
    return ["Sessions with losses, repeats or age:", table(header, rows, most=_MOST)]


def _notable(one: Session) -> str:
    """Return what is unusual about one direction of a session."""
    words = [f"{one.expired} sent more than 180 s after the handshake"] if one.expired else []
    words += [
        f"{count} {what} {point}"
        for counts, what in (
            (one.gaps, "counters missing at"), (one.duplicates, "came again at"), (one.reordered, "overtaken at"),
        )
        for point, count in counts.items()
    ]  # fmt: skip
    return "; ".join(words)


def _troubles(found: Encryption) -> list[str]:
    told = [one for pair in found.pairs for one in pair.troubles]
    if not told:
        return []
    lines = ["Handshakes that fail:"]
    for one in told:
        count = "1 initiation" if one.initiations == 1 else f"{one.initiations} initiations"
        lines.append(f"  {safe(one.initiator)} to {safe(one.responder)}, {count} ({one.kind}): {safe(one.reason)}")
        lines += [f"    {safe(proof.file)}: {safe(proof.filter or proof.shows)}" for proof in one.evidence[:1]]
    return lines


def _clear(cleartext: tuple[Cleartext, ...]) -> list[str]:
    if not cleartext:
        return []
    header = ("src", "dst", "class", "sightings", "points")
    rows = [(one.src, one.dst, one.kind, one.packets, ", ".join(one.points)) for one in cleartext]
    lines = ["In the clear:", table(header, rows, most=_MOST)]
    kinds = {one.kind for one in cleartext}
    if Kind.NODE in kinds:
        lines.append("Class node is traffic of the nodes themselves: clear by design unless nodeEncryption is on.")
    if Kind.HEALTH in kinds:
        lines.append("Class health is Cilium's own health checks: clear by design unless nodeEncryption is on.")
    return lines + [
        f"  {safe(proof.file)}: {safe(proof.filter or proof.shows)}" for one in cleartext for proof in one.evidence[:1]
    ]
