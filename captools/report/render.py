"""One analysis in, one report out, as text. The command line writes the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from captools.model.analysis import Analysis
from captools.report.document import SectionRule, compose

Kind = Literal["html", "md", "json"]
KINDS: tuple[Kind, ...] = ("html", "md", "json")


def render(analysis: Analysis, kind: Kind, sections: Sequence[SectionRule]) -> str:
    """Return the report as one HTML page, one Markdown file or one JSON document.

    ``sections`` are what the files in captools/report/sections/ offer: whoever calls has found them there
    (``captools.registry.additions``).
    """
    document = compose(analysis, sections)
    # A renderer is imported when it is asked for: Markdown and JSON need no template engine.
    if kind == "html":
        from captools.report.renderers.html import render as html

        return html(document)
    if kind == "md":
        from captools.report.renderers.markdown import render as markdown

        return markdown(document)
    from captools.report.renderers.json_text import render as json_text

    return json_text(document, analysis)
