"""What threads and widgets tell the app: screens answer messages, they never wait."""

from __future__ import annotations

from textual.message import Message

from captools.model.analysis import Analysis
from captools.views.ladder import Ladder


class Loaded(Message):
    """The analysis is there."""

    def __init__(self, analysis: Analysis) -> None:
        super().__init__()
        self.analysis = analysis


class LoadFailed(Message):
    """The analysis could not be had: one sentence, and the exit code that goes with it."""

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__()
        self.sentence = sentence
        self.exit_code = exit_code


class LadderWanted(Message):
    """A person opened a request or a flow."""

    def __init__(self, ladder: Ladder, crumb: str) -> None:
        super().__init__()
        self.ladder = ladder
        self.crumb = crumb
