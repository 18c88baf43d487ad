from __future__ import annotations

from textual.app import App, ComposeResult

from captools.views.ladder import Ladder, ladder_of_path
from tui.widgets.ladder_list import LadderList, ladder_options


def _ladder(sample, name: str) -> Ladder:
    analysis = getattr(sample, name)()
    return ladder_of_path(analysis.paths[0], analysis.cluster)


class _App(App[None]):
    def __init__(self, ladder: Ladder) -> None:
        super().__init__()
        self.ladder = ladder
        self.points: list[tuple[str, str | None]] = []

    def compose(self) -> ComposeResult:
        yield LadderList(self.ladder, id="ladder")

    def on_ladder_list_chosen(self, message: LadderList.Chosen) -> None:
        self.points.append((message.step.hop.point, message.before.hop.point if message.before else None))


def test_only_sightings_can_be_chosen(sample):
    options = list(ladder_options(_ladder(sample, "s2")))
    assert sum(not option.disabled for option in options) == 16
    assert sum(option.disabled for option in options) == 2 + 3 + 3, "two packets, three nodes each"


def test_a_lost_packet_ends_with_the_place_of_loss(sample):
    last = list(ladder_options(_ladder(sample, "s1")))[-1]
    assert last.disabled
    assert "never seen again after router/eth0" in str(last.prompt)


async def test_moving_tells_the_step_and_the_one_before(sample):
    app = _App(_ladder(sample, "s1"))
    async with app.run_test() as pilot:
        app.query_one(LadderList).focus()
        await pilot.press("g", "j", "j")
        await pilot.pause()
    assert app.points[-2:] == [
        ("k8s-ctr/eth1", f"k8s-ctr/{sample.LXC_CTR}"),
        ("router/eth1", "k8s-ctr/eth1"),
    ]
