"""The app: which screen is on top, and nothing else. Screens ask views; a worker thread loads."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen

from captools.model.analysis import Analysis
from tui.messages import LadderWanted, Loaded, LoadFailed
from tui.screens.base import SCREENS, View
from tui.screens.help import HelpScreen
from tui.screens.ladder import LadderScreen
from tui.screens.loading import LoadingScreen
from tui.screens.overview import OverviewScreen
from tui.screens.paths import PathsScreen
from tui.screens.requests import RequestsScreen
from tui.workers import load


class InvestigationApp(App[None]):
    """``source`` is an analysis, or what returns one (it then runs in a thread, behind a loading screen)."""

    CSS_PATH = "app.tcss"
    TITLE = "captools"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "view('Overview')", "Overview"),
        Binding("2", "view('Requests')", "Requests"),
        Binding("3", "view('Paths')", "Paths"),
    ]

    def __init__(self, source: Analysis | Callable[[], Analysis], what: str = "Reading the sources …") -> None:
        super().__init__()
        self._source = source
        self._what = what
        self._views: dict[str, View] = {}
        self._failed_with = 0

    def on_mount(self) -> None:
        """Show the analysis, or load it first."""
        self.animation_level = "none"
        source = self._source
        if isinstance(source, Analysis):
            self._show(source)
            return
        self.push_screen(LoadingScreen(self._what))
        self.run_worker(lambda: load(source, self), thread=True, exclusive=True, group="load")

    @on(Loaded)
    def _loaded(self, message: Loaded) -> None:
        self._show(message.analysis)

    @on(LoadFailed)
    def _load_failed(self, message: LoadFailed) -> None:
        self._failed_with = message.exit_code
        screen = self.screen
        if isinstance(screen, LoadingScreen):
            screen.fail(message.sentence)

    def _show(self, analysis: Analysis) -> None:
        self._views = {
            "Overview": OverviewScreen(analysis), "Requests": RequestsScreen(analysis), "Paths": PathsScreen(analysis),
        }  # fmt: skip
        for name, view in self._views.items():
            self.install_screen(view, name)
        self.refresh_bindings()
        if isinstance(self.screen, LoadingScreen):
            self.switch_screen(SCREENS[0])
        else:
            self.push_screen(SCREENS[0])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the screens only once there is something to show."""
        return bool(self._views) if action == "view" else True

    def action_view(self, name: str) -> None:
        """Go to one of the screens, closing whatever is open above it."""
        if not self._views or self.screen is self._views[name]:
            return
        while isinstance(self.screen, LadderScreen | HelpScreen):
            self.pop_screen()
        if self.screen is not self._views[name]:
            self.switch_screen(name)

    def action_close_ladder(self) -> None:
        """Close the ladder."""
        if isinstance(self.screen, LadderScreen):
            self.pop_screen()

    def action_help(self) -> None:
        """Show the keys of the current screen."""
        screen: Screen[object] = self.screen
        view = screen.TITLE_OF_VIEW if isinstance(screen, View) else ""
        self.push_screen(HelpScreen(view or "Ladder"))

    def action_leave(self) -> None:
        """Quit; after a failed load with the exit code of that failure."""
        self.exit(return_code=self._failed_with)

    @on(LadderWanted)
    def _open_ladder(self, message: LadderWanted) -> None:
        below = self.screen
        if isinstance(below, View):
            self.push_screen(LadderScreen(below.analysis, message.ladder, message.crumb, below.current_view))
