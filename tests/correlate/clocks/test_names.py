from __future__ import annotations

from captools.correlate.clocks.names import clock_codes, clock_names, ticks
from captools.correlate.sightings import sightings
from captools.model.packets import PACKETS
from tests.correlate.talk import Ends, get, read

LINK = Ends("10.0.0.1", 4000, "10.0.0.2")
FRAMES = [LINK.ask(0, get())]


def test_the_points_of_a_node_share_its_clock():
    rows = read(k8s_w1__eth1=FRAMES, k8s_w1__lxc1=FRAMES, router__eth0=FRAMES).rows()
    names, codes = clock_codes(rows)
    assert names == ["k8s-w1", "router"] and codes.tolist() == [0, 0, 1]


def test_a_file_that_names_no_node_is_a_clock_of_its_own():
    rows = read(client=FRAMES, server=FRAMES).rows()
    assert clock_names(rows) == ["client.pcap", "server.pcap"]
    assert clock_codes(rows)[1].tolist() == [0, 1]


def test_no_rows_have_no_clocks():
    names, codes = clock_codes(sightings(PACKETS.empty_table()))
    assert names == [] and codes.tolist() == []


def test_stamps_tell_how_fine_they_are_by_source():
    fine = [(at + 7, frame) for at, frame in FRAMES]
    cut = [(at + 7_000, frame) for at, frame in FRAMES]
    assert ticks(read(a__eth0=fine, b__eth0=cut).rows()).tolist() == [1, 1_000]


def test_a_few_packets_at_whole_milliseconds_are_no_proof_of_a_clock_that_tells_no_less():
    few, many = ([LINK.ask(ms, get(), seq=ms) for ms in range(count)] for count in (3, 20))
    assert set(ticks(read(a__eth0=few).rows()).tolist()) == {1_000}
    assert set(ticks(read(a__eth0=many).rows()).tolist()) == {1_000_000}
