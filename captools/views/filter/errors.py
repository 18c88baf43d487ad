"""What is wrong with a display filter, in one sentence that shows the place."""

from __future__ import annotations

from captools.model.errors import UsageError

_AROUND = 40  # letters of the filter shown on either side of the place
ASK_TSHARK = "--deep asks tshark, which knows every field"


class FilterError(UsageError):
    """A display filter that cannot be used. ``column`` counts from 1 and is where a cursor should go."""

    def __init__(self, text: str, at: int, found: str, *, hint: str = "") -> None:
        self.column = at + 1
        super().__init__(f"display filter, column {self.column}: {found}, here: {_shown(text, at)}", hint=hint)


def _shown(text: str, at: int) -> str:
    """Return the filter with a caret before the place; its far ends are left out."""
    before, after = text[max(at - _AROUND, 0) : at], text[at : at + _AROUND]
    start = "…" if at > _AROUND else ""
    end = "…" if len(text) > at + _AROUND else ""
    return f"{start}{before}^{after}{end}"
