"""S16 in clear: what the recorded case promises to the comparison with s16b."""

from __future__ import annotations

from captools.lab.scenarios.s16_without_encryption import PINGS, SCENARIO, SERVER, SNAPLEN
from captools.lab.topology import CURL_POD, Mode
from captools.pipeline import open_session
from captools.store.session import read_manifest
from captures import case

CASE = case("s16-without-encryption")


def test_the_transfer_arrived_whole_and_nothing_was_sent_again():
    (told,) = CASE.truth["truth"]["transfers"]
    assert (told["src"], told["dst"], told["dport"]) == (CURL_POD.ip, SERVER.ip, 5201)
    assert told["bytes_sent"] == told["bytes_received"] > 0 and told["retransmits"] == 0
    assert told["mss"] == Mode.NATIVE.pod_mtu - 52  # IP, TCP and its timestamps


def test_it_was_cut_to_headers_and_pinged_often_enough_to_judge():
    manifest = read_manifest(CASE.folder)
    assert manifest is not None and {point.snaplen for point in manifest.points} == {SNAPLEN}
    (ping,) = (one for one in CASE.truth["truth"]["flows"] if one["proto"] == "icmp" and one["purpose"] == "test")
    assert ping["sent"] == ping["answered"] == PINGS


def test_nothing_is_wrong_with_it():
    assert all(one.optional for one in SCENARIO.expected) and open_session([CASE.folder]).analysis.findings == ()
