"""The report as Markdown (GitHub's flavour, as code-hosting sites show it)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from captools.model.paths import Outcome
from captools.model.units import duration
from captools.report.blocks import Block, Facts, FindingBlock, LadderBlock, Paragraph, StackBlock, Table
from captools.report.document import Document
from captools.views.ladder import Ladder, Step, tunnel_name
from captools.views.layers import Stack
from captools.views.printable import printable

CELL, LINE = 120, 600  # characters; longer text is cut in the middle
TONES = {"bad": "**Broken.** ", "doubt": "**Look at this.** ", "good": "", "plain": ""}
# Everything that starts markup anywhere in a line; "<" and "&" also start HTML.
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&$#!@])")
# Only at a line's start, before a blank, do these make lists; "=" and "-" alone underline a heading.
_LEADING = re.compile(r"^(\s*\d*)([-+=.)])(?=\s|[-=]*$)")


def text(value: object, limit: int = LINE) -> str:
    """Return plain text with nothing left that Markdown, or HTML in it, would read as markup inside a line."""
    return _SPECIAL.sub(r"\\\1", printable(value, limit))


def line(value: object, limit: int = LINE) -> str:
    """Return plain text that begins a line: no list, no heading comes of it."""
    return _LEADING.sub(r"\1\\\2", text(value, limit))


def code(value: object, limit: int = CELL) -> str:
    """Return inline code for a table cell. Back-ticks inside it ask for a longer fence, "|" for a backslash."""
    raw = printable(value, limit)
    if not raw.strip():
        return "-"
    if "\\" in raw and "|" in raw:
        return text(value, limit)  # a backslash before the pipe would free it again
    raw = raw.replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", raw)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if raw.startswith("`") or raw.endswith("`") else ""
    return f"{fence}{pad}{raw}{pad}{fence}"


def render(document: Document) -> str:
    """Return the whole document."""
    lines = [f"# {text(document.title)}", ""]
    for section in document.sections:
        lines += [f"## {section.title}", ""]
        for block in section.blocks:
            lines += [*_block(block), ""]
    return "\n".join(lines).rstrip() + "\n"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield TONES[block.tone] + line(block.text, 4 * LINE)
    elif isinstance(block, Facts):
        yield from _table(("", ""), tuple((text(name), text(value)) for name, value in block.pairs), ())
    elif isinstance(block, Table):
        yield f"### {text(block.caption)}"
        yield ""
        rows = tuple(
            tuple(code(cell) if name in block.code and cell != "-" else text(cell, CELL)
                  for name, cell in zip(block.columns, row, strict=True))
            for row in block.rows
        )  # fmt: skip
        yield from _table(block.columns, rows, block.numbers)
        if block.more > 0:
            yield ""
            yield f"{block.more:,} more rows are left out here."
    elif isinstance(block, FindingBlock):
        yield from _finding(block)
    elif isinstance(block, LadderBlock):
        yield from _ladder(block.ladder)
    else:
        yield from _stack(block)


def _table(columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...], numbers: tuple[str, ...]) -> Iterator[str]:
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "|".join("---:" if name in numbers else "---" for name in columns) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def _finding(block: FindingBlock) -> Iterator[str]:
    finding = block.finding
    yield f"### {finding.severity.value}: {text(finding.rule)} ({finding.confidence.value})"
    yield ""
    yield line(finding.statement)
    if finding.remedy:
        yield ""
        yield f"**What to do:** {text(finding.remedy)}"
    if finding.evidence:
        yield ""
        rows = tuple(
            (code(one.point), code(one.file.rpartition("/")[2]), frames(one.frames), text(one.shows, CELL) or "-",
             code(one.filter, LINE) if one.filter else "-", code(one.decode_as) if one.decode_as else "-")
            for one in finding.evidence
        )  # fmt: skip
        yield from _table(("point", "file", "frames", "shows", "Wireshark filter", "decode as"), rows, ())
    if finding.coverage.points or finding.coverage.reason:
        seen = ", ".join(finding.coverage.points)
        yield ""
        yield f"Rests on: {text(': '.join(part for part in (seen, finding.coverage.reason) if part))}"


def frames(numbers: tuple[int, ...], most: int = 12) -> str:
    """Return frame numbers as text, the first ``most`` of them."""
    shown = ", ".join(str(number) for number in numbers[:most])
    return f"{shown} and {len(numbers) - most} more" if len(numbers) > most else shown or "-"


def _ladder(ladder: Ladder) -> Iterator[str]:
    yield f"### {text(ladder.title, CELL)}"
    yield ""
    yield line(ladder.subtitle)
    for strand in ladder.strands:
        yield ""
        yield f"**{text(strand.title)}**" + (f" ({text(strand.note)})" if strand.note else "")
        yield ""
        rows = tuple(_step(ladder, step) for step in strand.steps)
        columns = ("point", "way", "after", "delay", "change", "source → destination", "tunnel", "identity", "TTL")
        yield from _table(columns, rows, ("after", "delay", "TTL"))
    yield ""
    end = f"**{ladder.outcome.value}**"
    if ladder.outcome is Outcome.LOST and ladder.lost_at is not None:
        end += f" after {text(ladder.lanes[ladder.lost_at].point)}"
    yield f"{end}: {text(ladder.reason)}" if ladder.reason else end


def _step(ladder: Ladder, step: Step) -> tuple[str, ...]:
    hop = step.hop
    ports = tuple(f":{port}" if port is not None else "" for port in (hop.sport, hop.dport))
    tunnel = tunnel_name(hop)
    if tunnel and hop.outer_src:
        tunnel += f", {hop.outer_src} → {hop.outer_dst}"
    delay = "-" if hop.delay_ns is None else duration(hop.delay_ns)
    if hop.delay_error_ns:
        delay += f" ± {duration(hop.delay_error_ns)}"
    return (
        code(ladder.lanes[step.lane].point), hop.direction or "-", duration(step.since_ns), delay, hop.change.value,
        code(f"{hop.src}{ports[0]} → {hop.dst}{ports[1]}"), text(tunnel) or "-", text(hop.identity or "-", CELL),
        "-" if hop.ttl is None else str(hop.ttl),
    )  # fmt: skip


def _stack(block: StackBlock) -> Iterator[str]:
    stack: Stack = block.stack
    yield f"### {text(stack.title)}: {stack.wire_len:,} bytes"
    yield ""
    yield f"Frame {stack.frame} of {text(stack.source)}, from the outside in:"
    yield ""
    rows = tuple((text(layer.name), f"{layer.size:,}", text(layer.detail, CELL) or "-") for layer in stack.layers)
    yield from _table(("layer", "bytes", "what"), (*rows, ("**sum**", f"**{stack.wire_len:,}**", "")), ("bytes",))
