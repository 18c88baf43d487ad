"""Single packets that vanish: counted, placed between two points, proven by the frames of the copies that went no further."""

from __future__ import annotations

from pathlib import Path

import pytest

from captools.model.paths import Loss, Outcome, Way
from captools.pipeline import open_session
from captures.build import icmp_error, ipv4, tcp, timestamps
from tests.correlate.material import FINE, S1, S2, S8, S13, material
from tests.correlate.paths.scenes import A_POD, B_POD, R1_IP, WAY, Scene, chatter, pinged, tshark
from tests.correlate.talk import START


def segment(
    ttl: int, *, seq: int = 1000, size: int = 100, ident: int = 1, tsval: int = 5, reply: bool = False
) -> bytes:
    src, dst, sport, dport = (B_POD, A_POD, 80, 40_000) if reply else (A_POD, B_POD, 40_000, 80)
    inner = tcp(b"x" * size, sport=sport, dport=dport, seq=seq, ack=77, options=timestamps(tsval, 1))
    return ipv4(inner, src=src, dst=dst, proto=6, ttl=ttl, ident=ident)


def goes(scene: Scene, ms: float, points: int, **segment_: int) -> None:
    for at, (point, ttl) in enumerate(WAY[:points]):
        scene.sees(ms + at * 0.01, segment(ttl, **segment_), point)


def told(losses: tuple[Loss, ...]) -> list[tuple[str, str, int, int]]:
    return [(one.after, one.before, one.packets, one.resent) for one in losses]


def test_a_segment_sent_again_was_lost_behind_the_last_point_of_its_first_copy():
    scene = Scene({})
    goes(scene, 10, 6)
    goes(scene, 20, 3, seq=1100, ident=2)
    goes(scene, 230, 6, seq=1100, ident=3, tsval=9)
    (loss,) = scene.path(A_POD).losses
    assert told((loss,)) == [("r/eth1", "r/eth2", 1, 1)]
    # Frame 2 of r/eth1 is the copy that went no further.
    assert loss.proven and [(one.point, one.frames) for one in loss.evidence] == [("r/eth1", (2,))]
    assert loss.way is Way.FORWARD


def test_copies_are_counted_and_each_is_lost_where_it_was():
    scene = Scene({})
    goes(scene, 10, 6)
    goes(scene, 20, 2, seq=1100, ident=2)
    goes(scene, 230, 4, seq=1100, ident=3, tsval=9)
    goes(scene, 640, 6, seq=1100, ident=4, tsval=13)
    assert told(scene.path(A_POD).losses) == [("a/eth0", "r/eth1", 1, 1), ("r/eth2", "b/eth0", 1, 1)]


def test_a_segment_sent_again_to_another_machine_was_not_lost():
    # The address moved: the copy went where it lives now, past all points of the way that the flow had before.
    scene = Scene({})
    goes(scene, 10, 6)
    goes(scene, 20, 6, seq=1100, ident=2)
    goes(scene, 230, 2, seq=1100, ident=3, tsval=9)
    goes(scene, 300, 6, seq=1200, ident=4, tsval=10)
    assert told(scene.path(A_POD).losses) == [("a/eth0", "r/eth1", 1, 1)]
    scene.sees(230.1, segment(63, seq=1100, ident=3, tsval=9), "c__eth0")
    assert scene.path(A_POD).losses == ()


def test_a_segment_that_arrived_twice_was_not_lost():
    scene = Scene({})
    for number, ms in enumerate((10, 20, 230)):
        goes(scene, ms, 6, seq=1000 + 100 * min(number, 1), ident=number + 1, tsval=5 + number)
    assert scene.path(A_POD).losses == ()


def test_frames_cut_up_differently_are_counted_by_their_bytes():
    # a/lxca shows one frame of 300 bytes where the others show three: only the middle one was lost, and sent again.
    scene = Scene({})
    scene.sees(10, segment(64, size=300), "a__lxca")
    for at, seq in enumerate((1000, 1100, 1200)):
        for place, (point, ttl) in enumerate(WAY[1 : 2 if seq == 1100 else 6]):
            scene.sees(10.1 + at * 0.1 + place * 0.01, segment(ttl, seq=seq, ident=2 + at), point)
    goes(scene, 250, 6, seq=1100, ident=9, tsval=9)
    assert told(scene.path(A_POD).losses) == [("a/eth0", "r/eth1", 1, 1)]


def test_a_ping_that_nobody_behind_saw_and_nobody_answered_was_lost():
    scene = Scene({})
    for seq in (1, 2, 3):
        pinged(scene, 100 * seq, seq, there=4 if seq == 2 else 6, reply=seq != 2)
    path = scene.path(A_POD)
    assert told(path.losses) == [("r/eth2", "b/eth0", 1, 0)]
    assert path.outcome is Outcome.DELIVERED and "lost on the way: 1 packet between r/eth2 and b/eth0" in path.reason


def test_an_answer_proves_that_the_points_in_between_missed_it():
    scene = Scene({})
    for seq in (1, 2, 3):
        pinged(scene, 100 * seq, seq, there=4 if seq == 2 else 6)
    assert scene.path(A_POD).losses == ()


def test_a_point_in_the_middle_that_missed_one_lost_none():
    scene = Scene({})
    pinged(scene, 100, 1, reply=False)
    pinged(scene, 200, 2, reply=False)
    scene.points["r__eth1"] = scene.points["r__eth1"][:1]
    assert scene.path(A_POD).losses == ()


def test_without_the_tools_counts_a_loss_is_only_perhaps():
    scene = chatter(Scene({}), 50, 300)
    for seq in (1, 2, 3):
        pinged(scene, 100 * seq, seq, there=4 if seq == 2 else 6, reply=seq != 2)
    (loss,) = scene.path(A_POD, counts=False).losses
    assert not loss.proven and "no counts" in loss.blind
    assert "lost" not in scene.path(A_POD, counts=False).reason


def test_an_icmp_error_about_the_packet_is_the_cause_and_proof_enough():
    scene = Scene({})
    goes(scene, 10, 6)
    goes(scene, 20, 3, seq=1100, size=1400, ident=2)
    error = icmp_error(segment(63, seq=1100, size=1400, ident=2)[:28], code=4, mtu=1280)
    scene.sees(21, ipv4(error, src=R1_IP, dst=A_POD, proto=1), "r__eth1", "a__eth0")
    goes(scene, 30, 6, seq=1100, size=1200, ident=3, tsval=9)
    (loss,) = scene.path(A_POD, counts=False).losses
    assert loss.proven and "192.0.2.254 sent ICMP type 3 code 4" in loss.cause and "1280 bytes" in loss.cause


@pytest.mark.parametrize("name", [S1, S2, S8, S13, FINE])
def test_nothing_is_lost_in_the_recorded_cases_that_was_not_lost_altogether(name):
    assert [path.losses for path in material(name).analysed().paths if path.losses] == []


def test_the_segment_too_long_for_the_next_link_is_the_one_lost(shared: Path):
    folder = shared / "captures-real/nat-two-sided/tcp-mtu-4pt"
    files = {"gw/eth1": folder / "2-gw-eth1.cap", "gw/eth2": folder / "3-gw-eth2.cap"}
    # By tshark: the frame that an ICMP error (type 3, code 4) quotes, by its IP id.
    ((ids,),) = tshark(files["gw/eth1"], "icmp.type == 3 && icmp.code == 4", "ip.id")
    ((frame,),) = tshark(files["gw/eth1"], f"ip.id == {ids.split(',')[1]} && !icmp", "frame.number")
    paths = open_session([f"{point}={file}" for point, file in files.items()]).analysis.paths
    (loss,) = [one for path in paths for one in path.losses]
    assert told((loss,)) == [("gw/eth1", "gw/eth2", 1, 1)]
    assert loss.evidence[0].frames == (int(frame),) and "code 4" in loss.cause and loss.proven


def test_a_gateway_that_drops_a_connection_is_between_its_two_interfaces(shared: Path):
    folder = shared / "captures-real/nat-two-sided/http-long-conn-2pt"
    files = [folder / "1-gw-eth1.cap", folder / "2-gw-eth2.cap"]
    paths = open_session([f"gw/eth{at}={file}" for at, file in enumerate(files, 1)]).analysis.paths
    for path in paths:
        (loss,) = path.losses
        flow = f"tcp.srcport == {path.flow.sport} && tcp.flags.ack == 1"
        near, far = (tshark(file, flow, "ip.id", "tcp.seq_raw", "frame.time_epoch") for file in files)
        ended = max(float(time) for (time,) in tshark(files[1], "frame", "frame.time_epoch"))
        passed = {tuple(packet) for *packet, _ in far}
        gone = [packet for *packet, time in near if tuple(packet) not in passed and float(time) <= ended]
        assert (loss.after, loss.before, loss.packets) == ("gw/eth1", "gw/eth2", len(gone))


def test_a_bare_acknowledgment_or_reset_that_went_no_further_counts_too():
    scene = chatter(Scene({}), 5, 300)
    goes(scene, 10, 6)
    goes(scene, 20, 6, size=0, ident=2, seq=1100)
    goes(scene, 30, 3, size=0, ident=3, seq=1100, tsval=7)
    goes(scene, 40, 6, ident=4, seq=1100, tsval=8)
    assert told(scene.path(A_POD).losses) == [("r/eth1", "r/eth2", 1, 0)]


def test_what_came_when_the_next_point_was_not_yet_captured_was_not_lost():
    scene = Scene({})
    for seq in (1, 2, 3):
        pinged(scene, 100 * seq, seq, there=2 if seq == 1 else 6, reply=seq > 1)
    assert scene.path(A_POD, counts=False).losses == ()
    assert told(scene.path(A_POD, started_ns=START).losses) == [("a/eth0", "r/eth1", 1, 0)]
