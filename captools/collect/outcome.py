"""What it means that nothing could be captured: one error out of many, with the right exit code. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from captools.model.errors import CaptoolsError, CaptureFailed, Interrupted


def nothing_captured(reasons: Sequence[CaptoolsError], *, interrupted: bool) -> CaptoolsError:
    """Return the error for a capture without a single listening tool.

    Reasons of one kind keep their exit code (a filter nobody accepts is the user's, a tool missing
    everywhere is a missing tool); mixed ones are a failed capture.
    """
    sentences = list(dict.fromkeys(map(str, reasons)))
    if not sentences:
        if interrupted:
            return Interrupted("stopped before any capture had started", hint="nothing was kept")
        return CaptureFailed("nothing was captured", hint="no node has an interface that fits")
    kinds = {type(reason) for reason in reasons}
    kind = kinds.pop() if len(kinds) == 1 else CaptureFailed
    if len(sentences) == 1:
        return kind(reasons[0].message, hint=reasons[0].hint)
    return kind(f"nothing could be captured ({len(sentences)} reasons): " + " | ".join(sentences))
