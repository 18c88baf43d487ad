"""One line: rows that think they were all stamped by the reference's clock."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from captools.correlate.clocks.clocks import Clocks, Line
from captools.correlate.clocks.line import on_one_line, sources_on_line
from tests.correlate.clocks.simulated import MS, NOW, US, Clock, S, relation
from tests.correlate.material import S2, material
from tests.correlate.talk import Ends, get, read

LINK = Ends("10.0.0.1", 4000, "10.0.0.2")
B = Clock(5 * S, 50)


def rows_of_a_and_b():
    def at(clock):
        return [(int(clock.at(NOW + second * S)), LINK.ask(0, get(), seq=second + 1)[1]) for second in range(0, 60, 10)]

    return read(a__eth0=at(Clock()), b__eth0=at(B), c__eth0=at(Clock(9 * S))).rows()


def test_rows_of_known_clocks_move_and_unknown_ones_follow_the_coarse_alignment():
    rows = rows_of_a_and_b()
    stamps = rows["ts_ns"].copy()
    coarse = np.where(np.array([rows.node(row) for row in range(len(rows))]) == "c", stamps - 9 * S, stamps)
    moved, clocks = on_one_line(rows, Clocks({("a", "b"): relation(Clock(), B)}), coarse, "a")
    times = moved["ts_ns"].reshape(3, -1)
    assert np.abs(times - times[0]).max() < 50 * US
    assert (times[0] == stamps[:6]).all() and (times[2] == stamps[12:] - 9 * S).all()
    assert (rows["ts_ns"] == stamps).all()
    assert clocks.between("a", "c") is None and abs(clocks.between("a", "b")[0]) < 10 * US


def test_sources_move_with_their_packets():
    b, loose = material(S2).sources[0], material(S2).sources[1]
    clocks = Clocks({("a", "b"): relation(Clock(), B)}).on_line(Line({"a": "a", "b": "a"}))
    first = NOW + 3 * MS
    ours = replace(b, point="b/eth0", first_ns=int(B.at(np.array(first))), last_ns=None)
    found, same = sources_on_line((ours, replace(loose, point="loose", first_ns=first)), clocks)
    assert abs(found.first_ns - first) < 50 * US and found.last_ns is None
    assert same.first_ns == first
