"""The report as one HTML page: no network, no script, no font of its own; everything from captures is escaped."""

from __future__ import annotations

from functools import cache
from itertools import count

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from captools.model.paths import Hop
from captools.model.units import duration
from captools.report.document import Document
from captools.report.renderers.html_page import PAGE
from captools.report.renderers.html_style import STYLE
from captools.report.renderers.ladder_svg import draw
from captools.report.renderers.markdown import frames
from captools.views.ladder import tunnel_name
from captools.views.printable import printable


def render(document: Document) -> str:
    """Return the whole page."""
    # The style sheet is ours: the only text besides the drawings that goes in without being escaped.
    numbers = count(1)  # ids of the drawings must be unique in the page
    page = _environment().get_template("page")
    return page.render(document=document, style=Markup(STYLE), svg=lambda one: draw(one, next(numbers))) + "\n"


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True, loader=DictLoader({"page": PAGE}), undefined=StrictUndefined, finalize=_finalize
    )  # fmt: skip
    environment.filters.update(
        shown=printable, frames=frames, time=lambda ns: duration(ns), ends=_ends, tunnel=tunnel_name,
        kind=lambda block: type(block).__name__, basename=lambda path: path.rpartition("/")[2],
    )  # fmt: skip
    return environment


def _finalize(value: object) -> object:
    """Make every printed value printable, also where the template forgot to; our own markup passes as it is."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else printable(value)


def _ends(hop: Hop) -> str:
    ports = tuple("" if port is None else f":{port}" for port in (hop.sport, hop.dport))
    return f"{hop.src}{ports[0]} → {hop.dst}{ports[1]}"
