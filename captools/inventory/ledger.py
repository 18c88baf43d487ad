"""Who said what: the first statement counts, a later one that differs becomes a warning naming both files."""

from __future__ import annotations

from typing import TypeVar

from captools.model.identities import taken_at_the_end

Value = TypeVar("Value")
MOST_WARNINGS = 50


class Ledger:
    """Statements (subject, field) -> value, with the file each came from, and the contradictions among them."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, str], tuple[object, str]] = {}
        self._warnings: dict[str, None] = {}

    def settle(self, subject: str, field: str, value: Value, file: str) -> Value:
        """Note what ``file`` says and return what counts. Empty values ("", None, ()) say nothing."""
        key = (subject, field)
        if value in ("", None, ()):
            known = self._said.get(key)
            return known[0] if known is not None else value  # type: ignore[return-value]
        counted, source = self._said.setdefault(key, (value, file))
        if counted != value and taken_at_the_end(file) and not taken_at_the_end(source):
            self.warn(
                f"{subject}: {field} was {_text(counted)} at the start of the capture ({source}) and {_text(value)} at "
                f"its end ({file}); the first is used"
            )
        elif counted != value:
            self.warn(
                f"{subject}: {field} is {_text(counted)} in {source} but {_text(value)} in {file}; "
                f"the first is used, check which of the two is older"
            )
        return counted  # type: ignore[return-value]

    def warn(self, sentence: str) -> None:
        """Keep a warning, once."""
        self._warnings[sentence] = None

    def warnings(self) -> tuple[str, ...]:
        """Return the warnings in order; a flood of them is cut, with a line that says so."""
        found = tuple(self._warnings)
        if len(found) <= MOST_WARNINGS:
            return found
        return (*found[:MOST_WARNINGS], f"{len(found) - MOST_WARNINGS} more warnings about the inventory were left out")


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
