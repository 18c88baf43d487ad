"""Work off the screen's thread. Each function runs in a worker thread and answers with one message."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message
from textual.message_pump import MessagePump

from captools.model.analysis import Analysis
from captools.model.errors import CaptoolsError, ExitCode
from tui.messages import Loaded, LoadFailed

Loader = Callable[[], Analysis]


def load(loader: Loader, answer: MessagePump) -> None:
    """Call ``loader`` and post Loaded, or LoadFailed with one sentence; nothing is raised."""
    answer.post_message(outcome(loader))


def outcome(loader: Loader) -> Message:
    """Return the message that says how loading went."""
    try:
        return Loaded(loader())
    except CaptoolsError as error:
        return LoadFailed(str(error), error.exit_code)
    except Exception as error:
        # Whatever it is, a person must read it on the screen rather than lose the terminal to a traceback.
        sentence = f"internal error: {type(error).__name__}: {error}; this is our bug, please report it"
        return LoadFailed(sentence, ExitCode.BUG)
