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
    told = _told(sentences)
    if len(told) == 1:
        return kind(f"nothing could be captured: {told[0]}")
    return kind(f"nothing could be captured ({len(told)} reasons): " + " | ".join(told))


def _told(sentences: Sequence[str]) -> list[str]:
    """Say what several points or nodes share once, with the first of them: "k8s-w1/eth0 and 3 more: …"."""
    names: dict[str, list[str]] = {}
    for sentence in sentences:
        name, _, rest = sentence.partition(": ")
        names.setdefault(rest, []).append(name)
    return [
        f"{here[0]}{f' and {len(here) - 1} more' if len(here) > 1 else ''}{': ' if rest else ''}{rest}"
        for rest, here in names.items()
    ]
