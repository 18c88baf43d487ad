"""Without room: what waits, what is let go, and that small writes cost no more than they must."""

from __future__ import annotations

import os
import selectors

import pytest

from captools.agent.points import PointState
from captools.agent.pressure import Pressure
from captools.agent.spool import Spool
from captools.agent.tool import Tool


@pytest.fixture
def held(tmp_path):
    """A tool that has written, its spool of 1 MiB, and what watches its pipes."""
    folder = os.open(tmp_path, os.O_RDONLY)
    spool = Spool(folder, "/p", {"bytes": 1 << 20}, [1])
    tool = Tool({"channel": 1, "argv": ["sh", "-c", "echo packets; echo words >&2; exec sleep 100"], "ready": "x"})
    selector = selectors.DefaultSelector()
    for descriptor in tool.pipes:
        selector.register(descriptor, selectors.EVENT_READ, tool)
    yield Pressure(spool, selector, {1: PointState(1, tool)}), tool
    tool.signal(9)
    tool.process.wait()
    for descriptor in list(tool.pipes):
        tool.close(descriptor)
    os.close(folder)


def watched(pressure, tool):
    return {name for descriptor, name in tool.pipes.items() if descriptor in pressure.selector.get_map()}


def test_packets_are_not_read_while_it_is_full_but_words_are(held):
    pressure, tool = held
    assert not pressure.balance() and watched(pressure, tool) == {"data", "said"} and not pressure.needed()
    pressure.spool.streams[1, "data"].write(bytes(1 << 20))
    assert pressure.balance() and pressure.full == "limit" and watched(pressure, tool) == {"said"}
    assert pressure.needed() and pressure.full_s >= 0
    pressure.spool.streams[1, "data"].ack(1 << 20)
    assert pressure.balance() and not pressure.paused and watched(pressure, tool) == {"data", "said"}


def test_an_end_waits_for_room_only_so_long_and_longer_for_who_takes_it_home(held):
    pressure, tool = held
    pressure.spool.streams[1, "data"].write(bytes(1 << 20))
    pressure.balance()
    assert not pressure.give_up(attached=False)
    pressure.relieved -= 6
    assert not pressure.give_up(attached=True) and pressure.give_up(attached=False)
    assert pressure.discarding and watched(pressure, tool) == {"data", "said"}
    assert not pressure.give_up(attached=False), "once is enough"
