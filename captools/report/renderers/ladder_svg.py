"""A ladder as SVG: lanes from left to right grouped by node, time downwards, one arrow per step.

Colours are CSS classes of the page, so that light, dark and print follow it.
"""

from __future__ import annotations

from markupsafe import Markup

from captools.model.paths import Change, Outcome
from captools.model.units import duration
from captools.views.ladder import Ladder, Step, Strand, tunnel_name
from captools.views.printable import printable

TIME, NOTES = 78, 310  # widths of the columns left and right of the lanes, in SVG units (pixels at full size)
ROW, BAND, HEADER = 44, 34, 64
LETTER = 6.7  # width of one 11 px letter of a fixed-width font
WIDE, NARROW, MANY = 136, 108, 7  # distance between lanes; from MANY lanes on they stand closer
CROSS = 7


def draw(ladder: Ladder, number: int) -> Markup:
    """Return the SVG element. ``number`` makes its ids unique in the page."""
    pitch = WIDE if len(ladder.lanes) < MANY else NARROW
    width = TIME + pitch * max(len(ladder.lanes), 1) + NOTES
    body: list[Markup] = []
    y = HEADER
    for strand in ladder.strands:
        y = _strand(body, strand, y, pitch, width)
        if ladder.lost_at is not None and strand is _last_forward(ladder):
            y = _lost(body, ladder, y, pitch)
    height = y + 12
    lanes = [_lane(ladder, index, pitch, height) for index in range(len(ladder.lanes))]
    groups = [_group(ladder, index, pitch, height) for index in range(len(ladder.groups))]
    title = printable(ladder.title, 200)
    return Markup(
        '<svg class="ladder" role="img" viewBox="0 0 {w} {h}" style="min-width:{least}px;max-width:{w}px" '
        'aria-labelledby="lt{n} ld{n}"><title id="lt{n}">{title}</title><desc id="ld{n}">{desc}</desc>'
        '<defs><marker id="tip{n}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" class="tip"/></marker></defs>{parts}</svg>'
    ).format(
        w=width, h=height, least=int(width * 0.82), n=number, title=title, desc=describe(ladder),
        parts=Markup("").join([*groups, *lanes, *(part.replace("#tip", f"#tip{number}") for part in body)]),
    )  # fmt: skip


def describe(ladder: Ladder) -> str:
    """Say the picture in words, for those who cannot see it."""
    ways = []
    for strand in ladder.strands:
        stops = [
            ladder.lanes[step.lane].point
            + (f" ({step.hop.change.value})" if step.hop.change is not Change.NONE else "")
            for step in strand.steps
        ]
        ways.append(f"{strand.title}: {', then '.join(stops)}")
    return printable(f"{'; '.join(ways)}. Outcome: {ladder.outcome.value}. {ladder.reason}", 2_000)


def _x(lane: int, pitch: int) -> float:
    return TIME + pitch * (lane + 0.5)


def _text(x: float, y: float, words: str, kind: str, anchor: str = "middle", room: float | None = None) -> Markup:
    words = printable(words, max(int(room / LETTER), 4) if room else 200)
    return Markup('<text x="{}" y="{}" class="{}" text-anchor="{}">{}</text>').format(
        f"{x:.1f}", f"{y:.1f}", kind, anchor, words
    )


def _group(ladder: Ladder, index: int, pitch: int, height: int) -> Markup:
    group = ladder.groups[index]
    left, wide = TIME + pitch * group.first + 3, pitch * group.count - 6
    name = group.node or "(no node named)"
    return Markup(
        '<rect x="{}" y="2" width="{}" height="{}" rx="6" class="node{}"/>'
    ).format(left, wide, height - 4, " odd" if index % 2 else "") + _text(
        left + wide / 2, 22, name, "nodename", room=wide - 8
    )  # fmt: skip


def _lane(ladder: Ladder, index: int, pitch: int, height: int) -> Markup:
    x = _x(index, pitch)
    line = Markup('<line x1="{0}" y1="48" x2="{0}" y2="{1}" class="lane"/>').format(x, height - 8)
    return line + _text(x, 41, ladder.lanes[index].interface, "iface", room=pitch - 6)


def _strand(body: list[Markup], strand: Strand, y: int, pitch: int, width: int) -> int:
    mark = "→" if strand.way.value == "forward" else "←"
    body.append(Markup('<line x1="0" y1="{0}" x2="{1}" y2="{0}" class="rule"/>').format(y + 4, width))
    body.append(_text(6, y + 23, f"{mark} {strand.title}", "way", "start"))
    if strand.note:
        body.append(_text(width - 6, y + 23, strand.note, "note", "end"))
    y += BAND
    before: Step | None = None
    for step in strand.steps:
        _step(body, step, before, y + ROW / 2, pitch, width)
        before = step
        y += ROW
    return y


def _step(body: list[Markup], step: Step, before: Step | None, y: float, pitch: int, width: int) -> None:
    x = _x(step.lane, pitch)
    hop = step.hop
    since = "start" if before is None else duration(step.since_ns) if step.since_ns is not None else "clock?"
    body.append(_text(TIME - 8, y + 4, since, "time", "end"))
    if before is not None:
        start = _x(before.lane, pitch)
        loop = before.lane == step.lane
        body.append(_arrow(start, x, y, step.medium, loop))
        middle = (start + x) / 2 if not loop else x + pitch * 0.3
        room = abs(x - start) - 12 if not loop else pitch
        if hop.change is not Change.NONE:
            body.append(_text(middle, y - 6, hop.change.value, f"change {hop.change.value}", room=max(room, 88)))
        if hop.delay_ns is not None:
            body.append(_text(middle, y + 15, f"+{duration(hop.delay_ns)}", "delay"))
    elif hop.change is not Change.NONE:
        body.append(_text(x, y - 10, hop.change.value, f"change {hop.change.value}"))
    body.append(Markup('<circle cx="{}" cy="{}" r="4.5" class="dot {}"/>').format(x, y, step.medium))
    first, second = _notes(step, before)
    room = NOTES - 14
    body.append(_text(width - NOTES + 8, y + (-2 if second else 4), first, "note", "start", room))
    if second:
        body.append(_text(width - NOTES + 8, y + 12, second, "note faint", "start", room))


def _arrow(start: float, end: float, y: float, medium: str, loop: bool) -> Markup:
    if loop:
        path = f"M{end:.1f} {y - 14:.1f} h26 v14 h-20"
    else:
        path = f"M{start:.1f} {y:.1f} H{end + (-6 if end > start else 6):.1f}"
    tube = Markup("") if medium == "plain" or loop else Markup('<path d="{}" class="tube {}"/>').format(path, medium)
    return tube + Markup('<path d="{}" class="arrow {}" marker-end="url(#tip)"/>').format(path, medium)


def _notes(step: Step, before: Step | None) -> tuple[str, str]:
    """Return what is new at this step, at most two lines: the rest stands in the table below the picture."""
    hop, last = step.hop, before.hop if before else None
    ports = tuple("" if port is None else f":{port}" for port in (hop.sport, hop.dport))
    ends = f"{hop.src}{ports[0]} → {hop.dst}{ports[1]}"
    tunnel = tunnel_name(hop)
    ttl = f"ttl {hop.ttl}" if hop.ttl is not None and (last is None or last.ttl != hop.ttl) else ""
    if last is None or (last.src, last.sport, last.dst, last.dport) != (hop.src, hop.sport, hop.dst, hop.dport):
        return ends, tunnel or ttl
    if tunnel and (last.tunnel, last.vni) != (hop.tunnel, hop.vni):
        return tunnel, f"{hop.outer_src} → {hop.outer_dst}" + (f", {hop.wire_len} bytes" if hop.wire_len else "")
    if not tunnel and tunnel_name(last):
        return f"{hop.wire_len} bytes, as the pod sent it" if hop.wire_len else "as the pod sent it", ttl
    return ttl, ""


def _last_forward(ladder: Ladder) -> Strand:
    return [strand for strand in ladder.strands if strand.way.value == "forward"][-1]


def _lost(body: list[Markup], ladder: Ladder, y: int, pitch: int) -> int:
    assert ladder.outcome is Outcome.LOST and ladder.lost_at is not None
    x, middle = _x(ladder.lost_at, pitch), y + ROW / 2
    end = x + pitch * 0.36
    body.append(
        Markup('<path d="M{0} {1}H{2}" class="arrow gone"/>').format(x, middle, end - CROSS)
        + Markup('<path d="M{0} {1}l{2} {2}m0 -{2}l-{2} {2}" class="cross"/>').format(
            end - CROSS, middle - CROSS, 2 * CROSS
        )
    )
    body.append(_text(end + 14, middle + 4, "never seen again", "lost", "start"))
    return y + ROW
