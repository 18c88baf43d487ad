"""``captools explain --frame``: our columns of one frame, its way and the findings about it, both readers' opinions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from captools.cli.common import Asked
from captools.cli.explain import Document, each_once, spoken
from captools.model.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from captools.deep.keys import Keys
    from captools.model.analysis import Analysis
    from captools.model.findings import Finding
    from captools.model.paths import Hop, Path
    from captools.model.sources import Source
    from captools.pipeline import Session

FOLLOWED = 20_000  # packets of a session up to which a frame's way is told unasked: it takes about a second


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """The way of the packet that a frame shows, the conversation it is part of, and the findings about that."""

    hops: tuple[Hop, ...] = ()
    path: Path | None = None
    findings: tuple[Finding, ...] = ()
    lines: list[str] = field(default_factory=list)


def explained(asked: Asked, place: str, tree: str, keys: Keys, *, path: bool | None) -> Document:
    """Return the document, its items and its text of the frame at ``place`` (POINT:N)."""
    from captools.deep.opinions import READERS, Opinions, opinions
    from captools.views import documents
    from captools.views.frame import spoken as spoken_rows

    point, number = _place(place)
    session = asked.open()
    follow = len(session.opened) <= FOLLOWED if path is None else path
    wanted = {"both": READERS, "none": ()}.get(tree, (tree,))
    items, blocks, touched = [], [], []
    for source, row in _rows(session, point, number):
        found = Opinions()
        if wanted and not source.text:
            found = opinions(source.path, number, wanted, vxlan_ports=session.tunnel_ports, keys=keys)
        (columns,) = spoken_rows(row)
        item = {"point": point, "frame": number, "file": source.path, "columns": columns, **found.to_json()}
        title = f"Frame {number} at {point}, in {source.path}"
        told = _way(session.analysis, source, number) if follow else _Way()
        if follow:
            item |= {"flow": told.path.flow.to_json() if told.path else None, "hops": [h.to_json() for h in told.hops]}
            touched.append(told.findings)
        items.append(item)
        blocks.append([title, *told.lines, *_columns(columns), *_printed(source), *found.lines()])
    if not items:
        raise UsageError(f"--frame {point}:{number}: no such frame", hint=_hint(session, point))
    findings = each_once(session.analysis, touched) if follow else None
    return documents.frames(items, findings), items, lambda: spoken(blocks)


def _place(text: str) -> tuple[str, int]:
    point, colon, number = text.rpartition(":")
    if not colon or not point or not (number.isascii() and number.isdigit()):
        raise UsageError(
            f"--frame {text}: is not POINT:N", hint="write the point and the frame, such as k8s-w1/eth1:12"
        )
    return point, int(number)


def _rows(session: Session, point: str, number: int) -> Iterator[tuple[Source, pa.Table]]:
    """Yield the rows of a frame at a point, one for each file that the point has."""
    for loaded in session.opened.loaded:
        if 1 <= number <= len(loaded.rows):
            row = loaded.rows.table(loaded.naming, number - 1, 1)
            if row["point"][0].as_py() == point:
                yield loaded.source, row


def _way(analysis: Analysis, source: Source, number: int) -> _Way:
    """Follow the packet of a frame over all points."""
    from captools.views import arp_story, story
    from captools.views.touching import talk_of_hops, talk_of_paths, touching

    place = _row_of(analysis, source, number)
    if place is None:
        return _Way(lines=["", "This packet is not among those that are followed in a session of this size."])
    if arp := arp_story.of_frame(analysis, place):
        found = arp_story.findings_about(analysis, place)
        return _Way(findings=found, lines=["", *arp, "", *story.closing(found, frozenset({(source.path, number)}))])
    hops = analysis.hops_of(place)
    path = story.path_of_packet(analysis, hops)
    talk = talk_of_hops(analysis, hops)
    found = touching(analysis, talk | talk_of_paths(analysis, [path] if path else []))
    way = (
        story.of_packet(analysis, hops, path) if hops else ["It is no packet of a conversation that could be followed."]
    )
    lines = ["", *way, "", *story.closing(found, frozenset({(source.path, number)}))]
    return _Way(hops=hops, path=path, findings=found, lines=lines)


def _row_of(analysis: Analysis, source: Source, number: int) -> int | None:
    """Return where a frame is among the packets that were correlated; of a large session not all are."""
    import pyarrow.compute as pc

    packets = analysis.packets
    same = pc.and_(pc.equal(packets["source"].cast("string"), source.name), pc.equal(packets["frame"], number))
    found: int = pc.index(same, True).as_py()
    return found if found >= 0 else None


def _columns(columns: dict[str, Any]) -> list[str]:
    told = [(name, value) for name, value in columns.items() if value is not None and name not in ("source", "point")]
    width = max(len(name) for name, _ in told)
    return [
        "",
        "Our columns (innermost headers by their plain names):",
        *(f"  {name:{width}}  {value}" for name, value in told),
    ]


def _printed(source: Source) -> list[str]:
    return ["", f"This is text that {source.text} printed: there are no bytes to read again."] if source.text else []


def _hint(session: Session, point: str) -> str:
    """Return what to try where there is no such frame."""
    points: dict[str, None] = {}
    for _loaded, _first, packets in session.opened.batches():
        points |= dict.fromkeys(str(one) for one in packets["point"].unique().to_pylist())
    if point in points:
        return "frames are numbered from 1 in each file; `captools packets -e point -e frame.number` lists them"
    return f"the points are {', '.join(sorted(points)[:8]) or 'none'}{' …' if len(points) > 8 else ''}"
