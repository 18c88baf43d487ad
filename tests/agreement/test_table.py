"""Three readers agree: our decoder, tshark and scapy's dissectors, on the reference and on every real capture."""

from __future__ import annotations

from pathlib import Path

import pytest

from captures import case, cases
from tests.agreement.readers import OF_SCAPY, Disagreement, Result, compare
from tests.agreement.table import Totals, folders, main, printed, summed, totals
from tests.agreement.telling import HOP_BY_HOP, telling
from tests.agreement.test_tshark import NOT_OURS_YET, REASONS
from tests.depth import DEEP


@pytest.mark.parametrize("name", [one.name for one in cases()])
def test_three_readers_agree_on_a_reference_case(name: str) -> None:
    paths = [path for path in telling() if path.parent.name == name]
    if DEEP or name in HOP_BY_HOP:
        paths = [path for path in case(name).captures if path.stat().st_size > 24]  # more than a header
    found = summed(totals({name: paths}).values())
    assert (found.unexplained, found.disagreements) == ([], 0)
    assert found.files == len(paths) and found.by_three > 10 * len(paths)


@pytest.mark.slow
def test_three_readers_agree_on_every_real_capture(shared: Path) -> None:
    each = totals({name: paths for name, paths in folders().items() if name != "reference"})
    whole = summed(each.values())
    assert not whole.unexplained, "\n".join(whole.unexplained[:40])
    assert whole.files > 200 and whole.packets > 10_000 and whole.by_two > 200_000 and whole.by_three > 30_000
    assert all(one.by_three > 100 for one in each.values())
    known = {*OF_SCAPY.values(), *REASONS.values(), *NOT_OURS_YET.values()}
    assert set(whole.reasons) - {"a version that no tool writes: we say so and read nothing"} <= known


def test_frames_that_scapy_reads_are_spread_over_the_file(shared: Path) -> None:
    path = shared / "captures-real/vxlan/flannel-vxlan-plus-underlay-http.pcap"
    few, all_ = compare(path, 5), compare(path, 100_000)
    assert few.unexplained == all_.unexplained == []
    assert 0 < few.by_three < all_.by_three and few.by_two + few.by_three == all_.by_two + all_.by_three


def test_what_has_no_listed_reason_is_shown_and_fails_the_command() -> None:
    found = Totals()
    result = Result(path=Path("x.pcap"), packets=3, by_two=5, by_three=2)
    result.found = [
        Disagreement(reason="a reason", words="said"),
        Disagreement(reason="", words="x.pcap: frame 2: ttl"),
    ]
    found.add(result, kernel=True)
    text = printed({"vxlan": found}, kernels=True)
    assert "       1  a reason" in text and "  x.pcap: frame 2: ttl" in text
    header, line, whole = text.splitlines()[:3]
    assert header.split()[:3] == ["CAPTURES", "FILES", "PACKETS"]
    assert line.split() == ["vxlan", "1", "3", "5", "2", "1", "2", "1"] and whole.split()[0] == "all"


def test_the_command_prints_the_table_of_chosen_folders(capsys: pytest.CaptureFixture[str], shared: Path) -> None:
    assert main(["geneve", "--quick"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["CAPTURES", "geneve", "all"]
