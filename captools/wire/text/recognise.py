"""What a text is: tcpdump's output, ngrep's, or neither."""

from __future__ import annotations

import re
from enum import StrEnum

from captools.wire.text import lines, ngrep

HEAD = 16_384  # characters looked at
FIRST_LINES = 40  # a pasted log may begin with a prompt and what the tool says first
_NGREP = re.compile(
    r"\s*(?:\S+: no IPv4 address assigned[^\n]*\n)?(?:interface|input): [^\n]+\n(?:filter|(?:don't )?match(?: \(JIT\))?): "
)


class LogKind(StrEnum):
    """The tool that printed a log."""

    TCPDUMP = "tcpdump"
    NGREP = "ngrep"


def printed(data: bytes) -> str:
    """Return the text of a file that is a log of a known tool; the empty string for any other file."""
    head = data[: 4 * HEAD].decode("utf-8", "replace")
    return data.decode("utf-8", "replace") if recognise(head) else ""


def recognise(text: str) -> LogKind | None:
    """Return the tool that printed ``text``, None where it is no log of a known tool. Looks at its beginning only."""
    head = text[:HEAD].removeprefix("\ufeff").replace("\r\n", "\n")
    if "\0" in head:
        return None
    if _NGREP.match(head):
        return LogKind.NGREP
    for line in list(lines.clean_lines(head))[:FIRST_LINES]:
        if ngrep.is_packet(line):
            return LogKind.NGREP
        if lines.is_packet(line) or lines.is_preamble(line):
            return LogKind.TCPDUMP
    return None
