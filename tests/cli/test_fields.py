"""captools packets --fields."""

from __future__ import annotations

from captools.views.filter import FIELDS


def test_fields_are_listed_with_what_they_hold_and_mean_without_a_capture(captools):
    lines = captools("packets", "--fields", "tls.handshake.ty").out.splitlines()
    assert lines[0].split() == ["FIELD", "HOLDS", "MEANS"]
    assert lines[1].split()[:2] == ["tls.handshake.type", "number"] and "ClientHello" in lines[1] and len(lines) == 2


def test_ours_are_listed_by_the_names_that_e_takes(captools):
    lines = captools("packets", "--fields", "outer_s").out.splitlines()[1:]
    assert {"outer_src", "outer_sport"} <= {line.split()[0] for line in lines}
    assert len(captools("packets", "--fields", "").out.splitlines()) == 1 + len(FIELDS)


def test_what_no_field_begins_like_is_one_sentence(captools):
    done = captools("packets", "--fields", "tpc.port")
    assert done.code == 2 and "no field begins with tpc.port; did you mean tcp.port" in done.err
