"""captools explain."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from captools.cli.common import Asked, Shown, format_options, source_options
from captools.cli.keys import key_options
from captools.model.errors import UsageError

if TYPE_CHECKING:
    from captools.deep.keys import Keys
    from captools.model.analysis import Analysis
    from captools.model.findings import Finding

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
@click.option(
    "--path/--no-path", "path", default=None,
    help="With --frame: follow that packet over all points and tell the findings about it (default: in sessions of up to "
    "20,000 packets).",
)  # fmt: skip
@key_options
def command(
    asked: Asked,
    shown: Shown,
    request_id: str | None,
    flow: str | None,
    frame: str | None,
    tree: str,
    path: bool | None,
    keys: Keys,
) -> None:
    """Explain one request, one conversation or one frame, with all that the captures tell of it."""
    if [request_id, flow, frame].count(None) != 2:
        raise UsageError("one thing is explained at a time", hint="give --request-id, --flow or --frame")
    if keys and (frame is None or tree not in ("tshark", "both")):
        raise UsageError("key files are for tshark's tree, which was not asked for", hint="add --frame POINT:N")
    if path is not None and frame is None:
        raise UsageError("--path is for one frame", hint="add --frame POINT:N; --flow shows a whole conversation")
    if frame is not None:
        from captools.cli.explain_frame import explained

        document = explained(asked, frame, tree, keys, path=path)
    elif flow is not None:
        document = _flow(asked, flow)
    else:
        document = _request(asked, str(request_id))
    shown.emit(*document)


def _request(asked: Asked, request_id: str) -> Document:
    from captools.views import documents, story
    from captools.views.text import safe
    from captools.views.touching import talk_of_request, touching

    analysis = asked.load()
    wanted = [one for one in analysis.requests if one.request_id == request_id]
    if not wanted:
        known = ", ".join(dict.fromkeys(one.request_id for one in analysis.requests[:3] if one.request_id))
        hint = f"there are {known} …" if known else "`captools requests` lists those that there are"
        raise UsageError(f"no request has the id {safe(request_id)}", hint=safe(hint))
    found = [
        touching(analysis, talk_of_request(analysis, one, story.paths_of_request(analysis, one))) for one in wanted
    ]
    document = documents.explained_requests(analysis, wanted, each_once(analysis, found))

    def text() -> str:
        stories = (
            [*story.of_request(analysis, one), "", *story.closing(touch)]
            for one, touch in zip(wanted, found, strict=True)
        )
        return spoken(stories)

    return document, document["requests"], text


def _flow(asked: Asked, flow: str) -> Document:
    from captools.views import documents, story
    from captools.views.ends import paths_between, read_ends
    from captools.views.text import safe
    from captools.views.touching import talk_of_paths, touching

    ends = read_ends(flow)
    analysis = asked.load()
    paths = paths_between(analysis, ends)
    if not paths:
        raise UsageError(f"--flow {safe(flow)}: no such conversation", hint="`captools paths --brief` lists them all")
    found = touching(analysis, talk_of_paths(analysis, paths))
    document = documents.explained_paths(paths, found)

    def text() -> str:
        return spoken([*(story.of_path(analysis, path) for path in paths), story.closing(found)])

    return document, document["paths"], text


def each_once(analysis: Analysis, found: Iterable[tuple[Finding, ...]]) -> list[Finding]:
    """Return the findings of several stories, each once, in the order of the analysis."""
    touched = {id(one) for some in found for one in some}
    return [one for one in analysis.findings if id(one) in touched]


def spoken(stories: Iterable[list[str]]) -> str:
    """Return stories as text that cannot drive a terminal, an empty line between them."""
    from captools.views.text import safe

    return "\n\n".join("\n".join(safe(line) if line else "" for line in lines) for lines in stories)
