"""captools explain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from captools.cli.common import Asked, Shown, format_options, source_options
from captools.cli.keys import key_options
from captools.model.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from captools.deep.keys import Keys
    from captools.model.paths import Hop
    from captools.model.sources import Source
    from captools.pipeline import Session

Document = tuple[dict[str, Any], list[dict[str, Any]], Callable[[], str]]


@click.command(
    "explain",
    epilog="Example: captools explain SESSION --frame k8s-w1/eth1:12 --tree both",
)
@source_options
@format_options
@click.option("--request-id", metavar="ID", help="One request: both of its legs, over every point.")
@click.option("--flow", metavar="A:PORT-B:PORT", help="One conversation, hop by hop (IPv6 in brackets).")
@click.option(
    "--frame", metavar="POINT:N", help="One frame: our columns, and its fields as scapy and tshark read them."
)
@click.option(
    "--tree", type=click.Choice(("scapy", "tshark", "both", "none")), default="both", show_default=True,
    help="Who reads the frame; of both it is told where they disagree.",
)  # fmt: skip
@click.option("--path", "path", is_flag=True, help="With --frame: also follow that packet over all points.")
@key_options
def command(
    asked: Asked,
    shown: Shown,
    request_id: str | None,
    flow: str | None,
    frame: str | None,
    tree: str,
    path: bool,
    keys: Keys,
) -> None:
    """Explain one request, one conversation or one frame, with all that the captures tell of it."""
    if [request_id, flow, frame].count(None) != 2:
        raise UsageError("one thing is explained at a time", hint="give --request-id, --flow or --frame")
    if keys and (frame is None or tree not in ("tshark", "both")):
        raise UsageError("key files are for tshark's tree, which was not asked for", hint="add --frame POINT:N")
    if path and frame is None:
        raise UsageError("--path is for one frame", hint="add --frame POINT:N; --flow shows a whole conversation")
    if frame is not None:
        point, number = _place(frame)
        document = _frame(asked, point, number, tree, keys, path=path)
    elif flow is not None:
        document = _flow(asked, flow)
    else:
        document = _request(asked, str(request_id))
    shown.emit(*document)


def _request(asked: Asked, request_id: str) -> Document:
    from captools.views import documents
    from captools.views.story import of_request
    from captools.views.text import safe

    analysis = asked.load()
    places = [at for at, one in enumerate(analysis.requests) if one.request_id == request_id]
    if not places:
        known = ", ".join(dict.fromkeys(one.request_id for one in analysis.requests[:3] if one.request_id))
        hint = f"there are {known} …" if known else "`captools requests` lists those that there are"
        raise UsageError(f"no request has the id {safe(request_id)}", hint=safe(hint))
    document = documents.requests(analysis)
    items = [document["requests"][at] for at in places]

    def text() -> str:
        stories = [of_request(analysis, analysis.requests[at]) for at in places]
        return "\n\n".join("\n".join(map(safe, lines)) for lines in stories)

    return {**document, "requests": items}, items, text


def _flow(asked: Asked, flow: str) -> Document:
    from captools.views import tables
    from captools.views.ends import paths_between, read_ends
    from captools.views.text import safe

    ends = read_ends(flow)
    analysis = asked.load()
    found = paths_between(analysis, ends)
    if not found:
        raise UsageError(f"--flow {safe(flow)}: no such conversation", hint="`captools paths --brief` lists them all")
    items = [path.to_json() for path in found]

    def text() -> str:
        return "\n\n".join("\n".join(safe(line) for line in tables.ladder(analysis, path)) for path in found)

    return {"schema": 1, "paths": items}, items, text


def _place(text: str) -> tuple[str, int]:
    point, colon, number = text.rpartition(":")
    if not colon or not point or not (number.isascii() and number.isdigit()):
        raise UsageError(
            f"--frame {text}: is not POINT:N", hint="write the point and the frame, such as k8s-w1/eth1:12"
        )
    return point, int(number)


def _frame(asked: Asked, point: str, number: int, tree: str, keys: Keys, *, path: bool) -> Document:
    from captools.deep.opinions import READERS, Opinions, opinions
    from captools.views.frame import spoken

    session = asked.open()
    wanted = {"both": READERS, "none": ()}.get(tree, (tree,))
    items, blocks = [], []
    for source, row, place in _rows(session, point, number):
        found = Opinions()
        if wanted and not source.text:
            found = opinions(source.path, number, wanted, vxlan_ports=session.tunnel_ports, keys=keys)
        (columns,) = spoken(row)
        item = {"point": point, "frame": number, "file": source.path, "columns": columns, **found.to_json()}
        hops = session.analysis.hops_of(place) if path else ()
        items.append({**item, "hops": [hop.to_json() for hop in hops]} if path else item)
        title = f"Frame {number} at {point}, in {source.path}"
        blocks.append([title, *_columns(columns), *_way(hops), *_printed(source), *found.lines()])
    if not items:
        raise UsageError(f"--frame {point}:{number}: no such frame", hint=_hint(session, point))

    def text() -> str:
        from captools.views.text import safe

        return "\n\n".join("\n".join(safe(line) if line else "" for line in block) for block in blocks)

    return {"schema": 1, "frames": items}, items, text


def _rows(session: Session, point: str, number: int) -> Iterator[tuple[Source, pa.Table, int]]:
    """Yield the rows of a frame at a point, one for each file that the point has, and where they are in all rows."""
    before = 0
    for loaded in session.opened.loaded:
        if 1 <= number <= len(loaded.rows):
            row = loaded.rows.table(loaded.naming, number - 1, 1)
            if row["point"][0].as_py() == point:
                yield loaded.source, row, before + number - 1
        before += len(loaded.rows)


def _way(hops: tuple[Hop, ...]) -> list[str]:
    from captools.views.tables import hop_lines

    return ["", "The way of this packet, over all points:", *hop_lines(hops)] if hops else []


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
