"""Rows of every side table for one packet, and parts that end when a side table is full."""

from __future__ import annotations

import pytest

from captures import build
from tests.wire.equality import assert_equal, naming_of, plain, reference

pytestmark = pytest.mark.slow


def test_a_file_full_of_what_is_rare_is_decoded_in_more_parts_and_nothing_is_lost():
    from captools.wire.assemble import assemble
    from captools.wire.kernels.session import Options
    from captools.wire.runs import open_run
    from captools.wire.widen import widen

    quoted = build.ipv4(build.tcp(sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=6)
    frame = build.ethernet(build.ipv4(build.icmp_error(quoted), src="10.0.0.1", dst="10.0.0.2", proto=1, flags=1))
    data = build.pcap([(at, frame) for at in range(500)])
    run = open_run(data[:24], "t", Options(part_rows=100))
    space = run.space()
    space[: len(data) - 24] = data[24:]
    parts = [(part.packets, part.sides) for part in run.filled(len(data) - 24)]
    last = run.finish()
    parts += [(last.packets, last.sides)] if last else []
    assert len(parts) > 5 and max(len(one.lane) for one, _sides in parts) == 25  # a quarter of the rows
    found = assemble(parts, run.common.lane_records(), (1,))
    assert_equal(plain(widen(found, naming_of(1))), reference(data))
