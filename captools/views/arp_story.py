"""One ARP frame as a story: what it says, and what ARP told of its address over the whole session."""

from __future__ import annotations

from typing import Any

from captools.model.addresses import mac_text, to_text
from captools.model.analysis import Analysis
from captools.model.arp import Asker, Claim, Gap, Resolution
from captools.model.findings import Finding
from captools.model.units import duration, rfc3339

_FIELDS = ("point", "arp_op", "arp_sender_ip", "arp_sender_mac", "arp_target_ip", "eth_dst")
_REQUEST, _REPLY = 1, 2
_GROUP = 1  # the bit of a MAC address's first byte that marks groups and broadcast


def of_frame(analysis: Analysis, row: int) -> list[str]:
    """Return the story of the ARP frame in this row of the packet table, a line each; nothing where it is no ARP."""
    frame = _frame(analysis, row)
    if frame["arp_op"] not in (_REQUEST, _REPLY):
        return []
    lines = [_says(analysis, frame)]
    told = [one for one in analysis.arp if one.address == _about(frame) and frame["point"] in one.points]
    return [*lines, *(line for one in told for line in _resolution(analysis, one))]


def findings_about(analysis: Analysis, row: int) -> tuple[Finding, ...]:
    """Return the findings about the address that the ARP frame in this row is about."""
    address = _about(_frame(analysis, row))
    return tuple(one for one in analysis.findings if address and one.subject.get("vip") == address)


def _frame(analysis: Analysis, row: int) -> dict[str, Any]:
    taken = analysis.packets.select(list(_FIELDS)).slice(row, 1).to_pylist()
    return taken[0] if taken else dict.fromkeys(_FIELDS)


def _about(frame: dict[str, Any]) -> str:
    """Return the address that a frame asks for or speaks for."""
    return to_text(frame["arp_target_ip"] if frame["arp_op"] == _REQUEST else frame["arp_sender_ip"])


def _says(analysis: Analysis, frame: dict[str, Any]) -> str:
    sender, target = to_text(frame["arp_sender_ip"]), to_text(frame["arp_target_ip"])
    mac, to = mac_text(frame["arp_sender_mac"]), frame["eth_dst"]
    everybody = to is not None and bool(to[0] & _GROUP)
    if sender == target or (frame["arp_op"] == _REPLY and everybody):
        return f"{mac or 'Somebody'} announces to everybody that it has {_named(analysis, sender)} (gratuitous ARP)."
    if frame["arp_op"] == _REPLY:
        return f"{mac} answers {_named(analysis, target) or 'who asked'}: it has {_named(analysis, sender)}."
    who = "everybody" if everybody or to is None else mac_text(to)
    return f"{_named(analysis, sender)} asks {who}: who has {_named(analysis, target)}?"


def _named(analysis: Analysis, address: str) -> str:
    name = analysis.cluster.name(address)
    return f"{name} ({address})" if name else address


def _resolution(analysis: Analysis, one: Resolution) -> list[str]:
    lines = [f"What ARP told of {_named(analysis, one.address)}, at {', '.join(one.points)}:"]
    lines += [f"  {_asker(analysis, asker)}" for asker in one.askers]
    lines += [f"  {_claim(claim)}" for claim in one.claims]
    if not one.claims:
        lines.append(f"  Nobody was seen to answer for it{_where_seen(one)}.")
    lines += [f"  {_gap(gap)}" for gap in one.gaps if one.claims]
    if one.doubled is not None:
        lines.append(f"  {' and '.join(one.doubled.macs)} answered the same question {_times(one.doubled.asks)}.")
    return lines


def _where_seen(one: Resolution) -> str:
    """Say where an answer would have been seen: it goes to the asker alone."""
    points = [asker.point for asker in one.askers if asker.point and not asker.blind]
    return f" at {', '.join(points)}, where it would have been" if points else "; it may have gone by elsewhere"


def _asker(analysis: Analysis, asker: Asker) -> str:
    return f"{_named(analysis, asker.address)} asked {_times(asker.asks)}, {_span(asker.first_ns, asker.last_ns)}."


def _claim(claim: Claim) -> str:
    owner = f"{claim.node}{f'/{claim.interface}' if claim.interface else ''}" if claim.node else "an unknown machine"
    announced = f", announced it {_times(claim.gratuitous)}" if claim.gratuitous else ""
    answered = f" answered {_times(claim.answers)}" if claim.answers else " answered nobody"
    if claim.served:
        answered = f" said nothing, but sent {claim.served:,} packets from it"
    return f"{claim.mac}, {owner},{answered}{announced}, {_span(claim.first_ns, claim.last_ns)}."


def _gap(gap: Gap) -> str:
    until = ""
    if gap.until_ns is not None:
        until = f" until {_clock(gap.until_ns)} ({duration(gap.until_ns - gap.first_ns)})"
    asked = f"{gap.asks} ARP question{'' if gap.asks == 1 else 's'} and {gap.packets} packet{'' if gap.packets == 1 else 's'}"
    return f"From {_clock(gap.first_ns)}{until} nobody answered: {asked} waited for it."


def _span(first_ns: int, last_ns: int) -> str:
    first, last = _clock(first_ns), _clock(last_ns)
    return f"at {first}" if first == last else f"{first} to {last}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def _clock(ts_ns: int) -> str:
    return f"{rfc3339(ts_ns)[11:23]} UTC"
