"""Progress on stderr."""

from __future__ import annotations

import io

from captools.cli.progress import LiveBlock, columns, final_table
from captools.collect.progress import PointProgress, State
from captools.model.points import Point
from captools.model.session import Manifest, NodeRecord, PointRecord, ToolCounts


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def news(interface: str, packets: int) -> PointProgress:
    return PointProgress(
        point=Point("w1", interface), state=State.LISTENING, bytes=packets * 100, packets=packets, dropped=1
    )


def test_the_block_is_drawn_over_itself_and_gone_at_the_end():
    terminal = Terminal()
    block = LiveBlock(terminal)
    block.update(news("eth0", 5))
    block.update(news("eth1", 12345))
    block.update(news("eth0", 6))
    assert "w1/eth1" in terminal.getvalue() and "12,345 packets  1 dropped" in terminal.getvalue()
    block.close()
    assert terminal.getvalue().endswith("\r\x1b[2A\x1b[J")


def test_many_points_become_one_line_per_node(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "10")
    terminal = Terminal()
    block = LiveBlock(terminal)
    for _ in range(2):
        for number in range(40):
            block.update(news(f"lxc{number}", 1))
    assert "w1  3.9 KiB  40 packets  40 dropped    40 points" in terminal.getvalue()


def test_into_a_file_only_warnings_are_written_and_they_carry_no_escape_codes():
    file = io.StringIO()
    block = LiveBlock(file)
    block.update(news("eth0", 5))
    block.say("w2: bad \x1b[2J words")
    block.close()
    assert file.getvalue() == "captools: w2: bad [2J words\n"


def test_the_final_table_shows_the_tools_own_counts_and_what_failed():
    manifest = Manifest(
        id="s",
        captools="0",
        started="",
        stopped="2026-01-01T00:00:00Z",
        nodes=(NodeRecord(name="w1"), NodeRecord(name="gone", ok=False, error="no answer")),
        points=(
            PointRecord(
                point="w1/eth1", node="w1", interface="eth1", role="nic", tool="tcpdump", file="w1__eth1.pcap",
                counts=ToolCounts(captured=10, received=12, dropped=2), packets=10, bytes=2048,
                stopped="2026-01-01T00:00:00Z",
            ),
            PointRecord(point="w1/e2", node="w1", interface="e2", role="nic", tool="tcpdump", file="w1__e2.pcap"),
            PointRecord(point="w1/x", node="w1", interface="x", role="other", tool="tcpdump", file="", ok=False),
        ),
    )  # fmt: skip
    rows = [line.split() for line in final_table(manifest).splitlines()]
    assert rows[1] == ["w1/eth1", "2.0", "KiB", "10", "10", "12", "2", "kept"]
    assert rows[2][0] == "w1/e2" and rows[2][-2:] == ["runs", "on"]  # we have left it there
    assert rows[3][0] == "w1/x" and rows[3][-1] == "failed" and rows[4][0] == "gone" and rows[4][-1] == "failed"


def test_columns_line_up():
    assert columns([("a", "1", "x"), ("bbb", "22", "y")]) == ["a     1  x", "bbb  22  y"]
