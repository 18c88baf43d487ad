"""captools paths."""

from __future__ import annotations

import json

from captures import case
from captures.build import pcap

S1 = case("s1-native-route-black-hole")
TOLD = S1.truth["truth"]["flows"]


def test_the_ladder_starts_with_what_failed_and_shows_where_it_left(captools):
    done = captools("paths", S1.folder)
    first = done.out.split("\n\n")[0]
    assert (done.code, done.err) == (0, "") and ": lost, " in first.splitlines()[0]
    assert "router/eth0" in first and "forward:" in first and "reply:" not in first


def test_brief_is_one_line_for_each_flow(captools):
    lines = captools("paths", S1.folder, "--brief").out.splitlines()
    paths = json.loads(captools("paths", S1.folder, "--json").out)["paths"]
    assert lines[0].split() == ["FLOW", "PACKETS", "OUTCOME", "LAST", "SEEN", "POINTS"]
    assert len(lines) == 1 + len(paths)


def test_every_flow_the_sender_tells_of_is_in_the_json(captools):
    paths = json.loads(captools("paths", S1.folder, "--json").out)["paths"]
    found = {(one["flow"]["src"], one["flow"]["dst"], one["flow"]["proto"]) for one in paths}
    assert {(one["src"], one["dst"], one["proto"]) for one in TOLD} <= found


def test_captures_without_a_conversation_say_what_to_look_at_instead(captools, tmp_path):
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap([]))
    done = captools("paths", path)
    assert done.code == 0 and done.out.startswith("No TCP, UDP, SCTP or ICMP echo conversation")
    assert json.loads(captools("paths", path, "--json").out)["paths"] == []
