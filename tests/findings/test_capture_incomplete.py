"""capture-incomplete: every way in which something could not be seen, and silence where all was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from captools.cli.nodes import command as nodes
from captools.correlate.analyse import analyse
from captools.model.cluster import Cluster
from captools.model.findings import Severity
from captools.model.packets import HTTP
from captools.model.session import Manifest, NodeRecord, ToolCounts
from captools.model.sources import Source
from captures.build import ethernet, ipv4, pcap, tcp
from tests.correlate.material import FINE, LEAK, S1, S2, S8, S13, material
from tests.wire.conftest import decode_table

RULE = "capture-incomplete"
SOURCE = Source(
    name="n/eth0", path="x.pcap", point="n/eth0", linktype=1, sha256="", packets=2, bytes=1, first_ns=1, last_ns=2
)


@pytest.mark.parametrize("name", [S1, S2, S8, S13, LEAK, FINE])
def test_it_is_silent_where_every_tool_kept_everything(fired, name):
    assert fired(RULE, name) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"counts": ToolCounts(captured=100, received=100, dropped=12)}, "lost 12 packets in the kernel"),
        ({"counts": ToolCounts(captured=90, received=100, dropped=0)}, "90 of 100 packets were written"),
        ({"ok": False, "error": "k8s-w1/eth1: no such device"}, "k8s-w1/eth1 failed: no such device."),
        ({"holes": 1}, "lacks packets in 1 place"),
        ({"damage": "record 7 at byte 1,234 claims 90 bytes, 10 remain"}, "record 7"),
    ],
)
def test_each_loss_is_a_warning_that_names_the_point_and_what_to_try(fired, change, says):
    one = material(FINE)
    sources = tuple(replace(s, **change) if s.point == "k8s-w1/eth1" else s for s in one.sources)
    (found,) = fired(RULE, replace(one, sources=sources).analysed())
    assert found.severity is Severity.WARNING and says in found.statement
    assert found.subject == {"name": "k8s-w1/eth1", "node": "k8s-w1"} and found.remedy


def test_a_filter_is_a_choice_and_no_warning(fired):
    one = material(FINE)
    sources = tuple(replace(s, user_filter="tcp port 80") for s in one.sources)
    assert fired(RULE, replace(one, sources=sources).analysed()) == []


def test_a_node_that_could_not_be_reached_is_one(fired):
    one = material(FINE)
    manifest = Manifest(
        id="x", captools="0", started="", nodes=(NodeRecord(name="k8s-w9", ok=False, error="no route to host"),)
    )
    (found,) = fired(RULE, analyse(one.packets, one.http, one.sources, one.cluster, manifest=manifest))
    assert "k8s-w9" in found.statement and "no route to host" in found.statement
    program, name, *words = found.remedy.split()
    assert (program, name) == ("captools", nodes.name) and nodes.make_context(name, words).params["check"]


def test_a_node_that_was_lost_on_the_way_was_captured_in_part(fired):
    one = material(FINE)
    node = NodeRecord(name="k8s-w1", ok=False, error="k8s-w1: nothing more came home for 32 s")
    manifest = Manifest(id="x", captools="0", started="", nodes=(node,))
    (found,) = fired(RULE, analyse(one.packets, one.http, one.sources, one.cluster, manifest=manifest))
    assert found.statement == "k8s-w1 was captured in part only: nothing more came home for 32 s."


def test_headers_that_a_snap_length_cut_away_are_one(fired):
    frame = ethernet(ipv4(tcp(b"x" * 60, sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=6))
    packets = decode_table({"n/eth0": pcap([(1, frame), (2, frame)], snaplen=40)})
    (found,) = fired(RULE, analyse(packets, HTTP.empty_table(), (SOURCE,), Cluster()))
    assert "2 frames at n/eth0" in found.statement and "--snaplen" in found.remedy


def test_a_snap_length_that_only_cuts_payload_is_none(fired):
    frame = ethernet(ipv4(tcp(b"x" * 60, sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=6))
    packets = decode_table({"n/eth0": pcap([(1, frame)], snaplen=60)})
    assert fired(RULE, analyse(packets, HTTP.empty_table(), (SOURCE,), Cluster())) == []
    assert np.array(packets["cap_len"])[0] < np.array(packets["wire_len"])[0]


def test_a_tail_that_came_after_the_end_is_none(fired):
    one = material(FINE)
    counts = ToolCounts(captured=90, received=100, dropped=0, caught_up=True)
    sources = tuple(replace(s, counts=counts) for s in one.sources)
    assert fired(RULE, replace(one, sources=sources).analysed()) == []


def test_printed_text_alone_is_one_and_says_what_it_cannot_prove(fired):
    one = material(FINE)
    texts = tuple(replace(s, text="tcpdump") for s in one.sources)
    (found,) = fired(RULE, replace(one, sources=texts).analysed())
    assert found.severity is Severity.WARNING and "printed text only" in found.statement
    assert set(found.coverage.points) == set(one.packets["point"].to_pylist())
