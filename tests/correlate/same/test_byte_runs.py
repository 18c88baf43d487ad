"""Byte runs: a super-frame and the segments that carry its bytes, and never those of another transmission."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.correlate.same.byte_runs import ByteRuns, byte_runs
from captools.correlate.same.lanes import lanes
from captools.correlate.sightings import Sightings, sightings
from captools.model.evidence import Confidence
from tests.correlate.material import S2, S13, material
from tests.correlate.same.rewritten import coalesced
from tests.correlate.same.wires import ACK, MS, SYN, US, Frames, Segment, groups_of, read

MSS = 1_448
Links = dict[tuple[str, int, str], list[int]]


def runs_of(rows: Sightings) -> ByteRuns:
    return byte_runs(rows, lanes(rows, groups_of(rows)))


def links(rows: Sightings) -> Links:
    """Return for (point, frame, other point) the frames there that carry the same bytes."""
    runs = runs_of(rows)
    found: Links = {}
    for row in np.flatnonzero(runs.ids >= 0).tolist():
        for code, other in enumerate(rows.points):
            carriers = runs.carriers(rows, row, code)
            if code != rows["point"][row] and len(carriers):
                found[rows.point(row), int(rows["frame"][row]), other] = rows["frame"][carriers].tolist()
    return found


def split(frame: Segment, at_ns: int, sizes: list[int], **changes: object) -> Frames:
    """Return the segments that segmentation offload makes of a super-frame, IP ids counting up."""
    made, done = [], 0
    for number, size in enumerate(sizes):
        part = frame.but(seq=frame.seq + done, payload=frame.payload[done : done + size], ident=frame.ident + number)
        made.append(part.but(**changes).at(at_ns + number * US))
        done += size
    return made


def big(parts: int, **changes: object) -> Segment:
    return Segment(payload=bytes(range(1, 225)) * 7 * parts, **changes).but(payload=bytes(MSS * parts), **changes)


def test_a_super_frame_is_linked_to_the_segments_that_carry_it_and_they_to_it():
    frame = big(4)
    rows = read({"a/lxc": [frame.at(0)], "a/eth": split(frame, 10 * US, [MSS] * 4, ttl=63)})
    assert links(rows) == {
        ("a/lxc", 1, "a/eth"): [1, 2, 3, 4], **{("a/eth", at, "a/lxc"): [1] for at in (1, 2, 3, 4)}
    }  # fmt: skip
    assert runs_of(rows).confidence(0) is Confidence.PROVEN


def test_without_timestamps_it_is_likely():
    frame = big(2, tsval=None)
    runs = runs_of(read({"a/lxc": [frame.at(0)], "a/eth": split(frame, 9, [MSS] * 2)}))
    assert (runs.count, runs.confidence(0)) == (1, Confidence.LIKELY)


def test_merged_elsewhere_than_it_was_split():
    frame = big(4)
    rows = read({"a/lxc": [frame.at(0)], "b/lxc": split(frame, 50 * US, [MSS * 3, MSS], ttl=62)})
    assert links(rows)["a/lxc", 1, "b/lxc"] == [1, 2]
    shifted = read({"a/x": split(frame, 0, [MSS, 3 * MSS]), "b/x": split(frame, 50 * US, [3 * MSS, MSS])})
    assert links(shifted)["a/x", 2, "b/x"] == [1, 2] and links(shifted)["a/x", 1, "b/x"] == [1]


def test_the_links_hold_through_nat():
    syn, frame = Segment(flags=SYN, seq=99), big(3, seq=100)
    node = {"src": "192.168.10.100", "sport": 61_234, "ttl": 63}
    rows = read({
        "a/lxc": [syn.at(0), frame.at(MS)],
        "a/eth": [syn.but(**node).at(9), *split(frame, MS + 9, [MSS] * 3, **node)],
    })  # fmt: skip
    assert links(rows)["a/lxc", 2, "a/eth"] == [2, 3, 4]


def test_sequence_numbers_wrap():
    frame = big(3, seq=2**32 - MSS)
    rows = read({"a/lxc": [frame.at(0)], "a/eth": split(frame, 9, [MSS] * 3)})
    assert links(rows)["a/lxc", 1, "a/eth"] == [1, 2, 3]


def test_frames_that_look_the_same_everywhere_are_no_run():
    frame = big(3)
    parts = split(frame, 0, [MSS] * 3)
    assert runs_of(read({"a/eth": parts, "b/eth": [(at + 50, one) for at, one in parts]})).count == 0


def test_a_segment_that_was_lost_on_the_way_is_missing_from_its_run():
    frame = big(4)
    there = split(frame, 10 * US, [MSS] * 4, ttl=63)
    rows = read({"a/lxc": [frame.at(0)], "b/eth": [*there[:2], there[3]]})
    assert links(rows)["a/lxc", 1, "b/eth"] == [1, 2, 3]
    runs = runs_of(rows)
    assert runs.starts[runs.carriers(rows, 0, 1)].tolist() == [0, MSS, 3 * MSS]


def test_a_retransmission_with_a_later_timestamp_is_a_run_of_its_own():
    first, again = big(2), big(2, ident=40, tsval=3_355_449_000)
    rows = read({
        "a/lxc": [first.at(0), again.at(200 * MS)],
        "a/eth": [*split(first, 9, [MSS] * 2), *split(again, 200 * MS + 9, [MSS] * 2)],
    })  # fmt: skip
    assert links(rows)["a/lxc", 1, "a/eth"] == [1, 2] and links(rows)["a/lxc", 2, "a/eth"] == [3, 4]


def test_one_within_the_same_millisecond_is_told_by_its_ip_ids():
    first, again = big(2), big(2, ident=40)
    rows = read({
        "a/lxc": [first.at(0), again.at(300 * US)],
        "a/eth": [*split(first, 9, [MSS] * 2), *split(again, 300 * US + 9, [MSS] * 2)],
    })  # fmt: skip
    assert links(rows)["a/lxc", 1, "a/eth"] == [1, 2] and links(rows)["a/lxc", 2, "a/eth"] == [3, 4]


def test_a_dropped_frame_and_what_was_sent_instead_are_not_one():
    # As in the shared tcp-mtu-4pt: too large for the next link, sent again in two parts at once.
    dropped = big(1)
    instead = split(dropped.but(ident=2), 40 * US, [MSS - 11, 11])
    rows = read({"gw/eth1": [dropped.at(0), *instead], "gw/eth2": [(at + 5, one) for at, one in instead]})
    assert links(rows) == {}


def test_without_ip_ids_nothing_is_said_of_bytes_sent_twice():
    first = big(2, ident=0)
    parts = [(at, Segment(seq=first.seq + n * MSS, payload=bytes(MSS), ident=0).at(at)[1])
             for at in (first.at(9)[0], first.at(300 * US)[0]) for n in (0, 1)]  # fmt: skip
    rows = read({"a/lxc": [first.at(0), first.at(290 * US)], "a/eth": parts})
    assert links(rows) == {}


def test_acknowledgments_that_differ_are_never_merged():
    first, second = big(1), big(1, seq=Segment().seq + MSS, ack=Segment().ack + 1, ident=2)
    whole = big(2)
    rows = read({"a/lxc": [whole.at(0)], "a/eth": [first.at(9), second.at(10)]})
    assert links(rows) == {("a/lxc", 1, "a/eth"): [1], ("a/eth", 1, "a/lxc"): [1]}


@given(
    here=st.lists(st.integers(1, 5), min_size=1, max_size=6), there=st.lists(st.integers(1, 5), min_size=1, max_size=6),
    lost=st.sets(st.integers(0, 5)), seq=st.sampled_from([5, 2**32 - 2 * MSS]),
)  # fmt: skip
def test_however_segments_are_merged_a_frame_is_linked_to_what_carries_its_bytes(here, there, lost, seq):
    def merged(counts: list[int], at_ns: int, ttl: int) -> list[Segment]:
        first, frames = 0, []
        for count in counts:
            frames.append(Segment(seq=seq + first * MSS, payload=bytes(count * MSS), ident=1 + first, ttl=ttl))
            first += count
        return frames

    a, b = merged(here, 0, 64), [one for at, one in enumerate(merged(there, 9, 63)) if at not in lost]
    rows = read({"a/e": [one.at(at) for at, one in enumerate(a)], "b/e": [one.at(90 + at) for at, one in enumerate(b)]})
    runs = runs_of(rows)
    assert b or not runs.count
    for row, one in enumerate(a if b else []):
        begin, end = one.seq, one.seq + len(one.payload)
        over = [at for at, other in enumerate(b) if other.seq < end and other.seq + len(other.payload) > begin]
        carriers = (runs.carriers(rows, row, rows.points.index("b/e")) - len(a)).tolist()
        if runs.ids[row] >= 0:
            assert carriers == over
        else:  # it looks the same there, or none of it came
            assert [(b[at].seq, len(b[at].payload)) for at in over] in ([], [(one.seq, len(one.payload))])


def test_the_lab_s_own_offloads():
    # s2: the pod on k8s-w0 answers in super-frames of 5 and 10 segments of 1,398 bytes; the card shows the segments.
    rows = material(S2).sightings()
    runs = runs_of(rows)
    assert runs.count == 4
    card = rows.points.index("k8s-w0/eth1")
    pod = rows.points.index("k8s-w0/lxcee77f40d2cc8")
    for run in range(runs.count):
        (frame,) = [row for row in runs.members(run).tolist() if rows["point"][row] == pod]
        carriers = runs.carriers(rows, frame, card)
        assert set(rows["payload_len"][carriers[:-1]].tolist()) == {1398}
        assert rows["payload_len"][carriers].sum() == rows["payload_len"][frame]
        assert np.diff(rows["ip_id"][carriers]).tolist() == [1] * (len(carriers) - 1)
        assert rows["ip_id"][carriers[0]] == rows["ip_id"][frame]


@pytest.mark.parametrize("most", [2, 3, 7])
@pytest.mark.parametrize(("name", "point", "other"), [
    (S2, "router/eth1", "k8s-w0/eth1"), (S2, "k8s-ctr/eth1", "router/eth2"),
    (S13, "k8s-w1/cilium_wg0", "k8s-ctr/cilium_wg0"), (S13, "k8s-ctr/cilium_wg0", "k8s-ctr/lxca72ed626ec04"),
])  # fmt: skip
def test_segments_merged_at_one_point_are_found_at_the_others(name, point, other, most):
    packets = material(name).packets
    whole = sightings(packets)
    merged, swallowed = coalesced(packets, point, most)
    rows = sightings(merged)
    found = links(rows)
    assert swallowed
    right, wrong, missing = 0, [], []
    for frame, parts in swallowed.items():
        expected = set()
        for part in parts:
            row = at(whole, point, part)
            same = [each for each in range(len(whole)) if whole.point(each) == other and equal(whole, row, each)]
            expected |= set(whole["frame"][same].tolist())
        seen = set(found.get((point, frame, other), []))
        right += len(seen & expected)
        wrong += sorted(seen - expected)
        missing += sorted(expected - seen)
    assert (wrong, missing) == ([], []) and right > 0


def at(rows: Sightings, point: str, frame: int) -> int:
    (row,) = np.flatnonzero((rows["point"] == rows.points.index(point)) & (rows["frame"] == frame)).tolist()
    return int(row)


def equal(rows: Sightings, one: int, other: int) -> bool:
    """Tell whether two recorded frames carry a byte in common, by the numbers that tshark shows too."""
    names = ("src", "dst", "sport", "dport", "tsval", "ack")
    if any(rows[name][one] != rows[name][other] for name in names) or rows["payload_len"][other] <= 0:
        return False
    begin, end = (rows["seq"][one], rows["seq"][one] + rows["payload_len"][one])
    return bool(rows["seq"][other] < end and rows["seq"][other] + rows["payload_len"][other] > begin)


def test_nothing_has_no_runs():
    rows = read({"a/lxc": [Segment(flags=SYN | ACK).at(0)], "b/lxc": []})
    runs = runs_of(rows)
    assert runs.count == 0 and runs.carriers(rows, 0, 0).tolist() == []
