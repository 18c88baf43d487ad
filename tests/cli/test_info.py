"""captools info."""

from __future__ import annotations

import json
from hashlib import sha256

from captures.build import LINUX_SLL2, ethernet, pcap, sll2
from tests.small_session import ROUTER, W1, handshake, write_session

AHEAD = 500_000_000


def test_each_point_is_a_row_with_the_tools_own_counts(captools, tmp_path):
    folder = write_session(tmp_path / "s")
    done = captools("info", folder)
    header, *rows = done.out.splitlines()
    assert header.split()[:3] == ["POINT", "PACKETS", "BYTES"]
    words = rows[0].split()
    # point, packets, size and its unit, first, last, captured, received, dropped
    assert words[:2] == ["k8s-w1/eth1", "3"] and words[4:9] == ["22:13:20.000050", "22:13:20.002050", "3", "4", "1"]
    assert words[-1] == str(folder / W1) and rows[1].split()[0] == "router/eth1"


def test_a_clock_that_runs_ahead_is_told_with_its_error_against_the_reference(captools, tmp_path):
    points = {one["point"]: one for one in json.loads(captools("info", _apart(tmp_path), "--json").out)["points"]}
    here, router = points["k8s-w1/eth1"], points["router/eth1"]
    assert (here["offset_ns"], here["offset_method"]) == (0, "reference")
    # The packets need 50 µs each way: that is how far off the estimate may be, and must admit to be.
    assert abs(router["offset_ns"] - AHEAD) <= router["offset_error_ns"] <= 100_000
    text = captools("info", tmp_path / "s").out
    assert "+500.00 ms ±" in text and "k8s-w1  -" in text and "matched packets, both directions" in text


def _apart(tmp_path):
    """A session whose router runs half a second ahead, without clock readings: only the packets can tell."""
    nodes = [{"name": "k8s-w1"}, {"name": "router"}]
    folder = write_session(tmp_path / "s", nodes=nodes)
    (folder / ROUTER).write_bytes(pcap(handshake(ahead_ns=AHEAD)))
    return folder


def test_without_anything_to_compare_the_clock_is_unknown(captools, tmp_path):
    path = tmp_path / "capture.pcap"
    path.write_bytes(pcap(handshake()))
    assert captools("info", path).out.splitlines()[1].split()[-2:] == ["unknown", str(path)]
    assert json.loads(captools("info", path, "--json").out)["points"][0]["offset_ns"] is None


def test_a_capture_of_any_gives_a_point_for_each_interface_and_guesses_no_name(captools, tmp_path):
    folder = write_session(tmp_path / "s")
    frames = [(ts, sll2(frame[14:], ifindex=index)) for index, (ts, frame) in zip((7, 9, 7), handshake(), strict=True)]
    (tmp_path / "k8s-w1__any.pcap").write_bytes(pcap(frames, linktype=LINUX_SLL2))
    done = captools("info", tmp_path / "k8s-w1__any.pcap", "--inventory", folder / "inventory", "--json")
    assert {one["point"]: one["packets"] for one in json.loads(done.out)["points"]} == {
        "k8s-w1/eth1": 2, "k8s-w1/#9": 1,
    }  # fmt: skip


def test_where_decoding_stopped_is_counted(captools, tmp_path):
    path = tmp_path / "x.pcap"
    frames = [(1, ethernet(b"\x45\0")), (2, ethernet(b"", kind=0x9999)), *handshake()]
    path.write_bytes(pcap(frames, snaplen=30))  # the handshake's headers need 54
    (one,) = json.loads(captools("info", path, "--json").out)["points"]
    assert one["decode_stops"] == {"truncated": 3, "malformed": 1, "unknown-ethertype": 1}
    assert one["packets"] == 5


def test_verify_compares_every_file_with_what_the_session_noted(captools, tmp_path):
    folder = write_session(tmp_path / "s")
    manifest = json.loads((folder / "session.json").read_text())
    for point in manifest["points"]:
        point["sha256"] = sha256((folder / point["file"]).read_bytes()).hexdigest()
    (folder / "session.json").write_text(json.dumps(manifest))
    assert captools("info", folder, "--verify").code == 0
    (folder / W1).write_bytes((folder / W1).read_bytes() + bytes(3))
    done = captools("info", folder, "--verify")
    assert done.code == 3 and "its sha256 is" in done.err and W1 in done.err
    assert captools("info", folder).code == 0


def test_files_of_two_sessions_may_share_a_name(captools, tmp_path):
    """Each is compared with what its own session noted."""
    for name, ahead in (("a", 0), ("b", 5)):
        folder = write_session(tmp_path / name)
        (folder / W1).write_bytes(pcap(handshake(ahead_ns=ahead)))
        manifest = json.loads((folder / "session.json").read_text())
        for point in manifest["points"]:
            point["sha256"] = sha256((folder / point["file"]).read_bytes()).hexdigest()
        (folder / "session.json").write_text(json.dumps(manifest))
    assert captools("info", tmp_path / "a", tmp_path / "b", "--verify").code == 0
    (folder / W1).write_bytes(pcap(handshake(ahead_ns=6)))
    assert captools("info", tmp_path / "a", tmp_path / "b", "--verify").code == 3
