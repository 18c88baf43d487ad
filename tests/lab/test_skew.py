"""Skew: stamps move by what was asked and by nothing else, and what is then measured is what was asked."""

from __future__ import annotations

import json
import shutil
import subprocess
from hashlib import sha256

import pytest

from captools.lab.skew import Skew, expected_of, read_skews, skew_pcap, skew_session
from captools.model.errors import MalformedCapture, UsageError
from captools.model.units import from_rfc3339
from captools.pipeline import open_session
from captools.store.session import read_manifest
from captools.wire.index import read_records
from captures import case
from captures.build import ethernet, pcap

MS, S = 1_000_000, 1_000_000_000
NOW = 1_795_000_000 * S


@pytest.fixture
def session(tmp_path):
    folder = tmp_path / "s2"
    shutil.copytree(case("s2-vxlan-overlay").folder, folder)
    # As it was when it was recorded: captures are packed later (tests/lab/pack.py).
    manifest = folder / "session.json"
    document = json.loads(manifest.read_text())
    for point in document["points"]:
        packed = folder / point["file"]
        if packed.suffix == ".zst":
            subprocess.run(["zstd", "-q", "-d", "--rm", str(packed)], check=True)
            plain = packed.with_suffix("")
            point |= {"file": plain.name, "sha256": sha256(plain.read_bytes()).hexdigest()}
    manifest.write_text(json.dumps(document))
    return folder


def test_offsets_and_drifts_are_read_with_their_units():
    assert read_skews(["k8s-w1=+250ms,+20ppm", "router=-10min"]) == (
        Skew(node="k8s-w1", offset_ns=250 * MS, drift_ppb=20_000), Skew(node="router", offset_ns=-600 * S),
    )  # fmt: skip
    assert read_skews(["k8s-ctr=0s,-0.5ppm"])[0].drift_ppb == -500
    assert read_skews([]) == ()


@pytest.mark.parametrize(
    "texts,words",
    [
        (["elsewhere=1s"], "no node of the lab"),
        (["k8s-w1"], "no node of the lab"),
        (["k8s-w1=5"], "not a length of time"),
        (["k8s-w1=5s,20"], "not a drift"),
        (["k8s-w1=5s,nanppm"], "not a drift"),
        (["k8s-w1=5s,+501ppm"], "not a drift"),
        (["k8s-w1=5s", "k8s-w1=6s"], "twice"),
    ],
)
def test_what_is_no_skew_is_refused_in_words(texts, words):
    with pytest.raises(UsageError, match=words):
        read_skews(texts)


@pytest.mark.parametrize("nano", [True, False])
def test_every_stamp_of_a_file_moves_and_nothing_else_does(nano):
    stamps = [NOW, NOW + 999_999_000, NOW + 10 * S]
    data = pcap([(at, ethernet(bytes([at % 251]) * 50)) for at in stamps], nanoseconds=nano)
    skewed = skew_pcap(data, Skew(node="k8s-w1", offset_ns=-1_500_000, drift_ppb=100_000), NOW, "x.pcap")
    records = read_records(skewed, "x.pcap")
    tick = 1 if nano else 1_000
    assert records.ts_ns.tolist() == [(at - 1_500_000 + (at - NOW) // 10_000) // tick * tick for at in stamps]
    same = [one for one in range(len(data)) if data[one] != skewed[one]]
    headers = {at - 16 + byte for at in records.offset.tolist() for byte in range(8)}
    assert same and set(same) <= headers


def test_what_is_no_whole_pcap_file_is_refused():
    skew, data = Skew(node="router", offset_ns=1), pcap([(NOW, ethernet(b"\0" * 50))])
    for damaged in (b"", b"\x0a\x0d\x0d\x0a" + data[4:], data[:-1]):
        with pytest.raises(MalformedCapture, match="x.pcap"):
            skew_pcap(damaged, skew, NOW, "x.pcap")


def test_a_session_is_skewed_at_all_points_of_the_node_and_says_so(session):
    before = read_manifest(session)
    since = from_rfc3339(before.started)
    skew = Skew(node="k8s-w0", offset_ns=250 * MS, drift_ppb=20_000)
    after, truth = skew_session(session, [skew])
    assert truth == [{"node": "k8s-w0", "offset_ns": 250 * MS, "drift_ppm": 20.0, "since": before.started}]
    assert after == read_manifest(session) and after.extra["skew"] == truth
    for old, new in zip(before.points, after.points, strict=True):
        assert sha256((session / new.file).read_bytes()).hexdigest() == new.sha256
        assert (old == new) == (old.node != "k8s-w0")
        moved = from_rfc3339(new.started) - from_rfc3339(old.started)
        assert abs(moved - 250 * MS * (old.node == "k8s-w0")) < MS
    for old, new in zip(before.nodes, after.nodes, strict=True):
        for then, now in zip(old.clock, new.clock, strict=True):
            assert (then.before_ns, then.after_ns) == (now.before_ns, now.after_ns)
            wanted = skew.moved(then.node_ns, since) if old.name == "k8s-w0" else then.node_ns
            assert now.node_ns == wanted


@pytest.mark.parametrize("offset_ns,drift_ppb", [(-600 * S, 100_000), (250 * MS, 0), (-MS, -20_000)])
def test_what_was_made_wrong_is_what_is_measured(session, offset_ns, drift_ppb):
    skew = Skew(node="k8s-w0", offset_ns=offset_ns, drift_ppb=drift_ppb)
    _, (truth,) = skew_session(session, [skew])
    told = {one.node: one for one in open_session([session]).clocks().offsets}
    since, one = from_rfc3339(truth["since"]), told["k8s-w0"]
    wanted = skew.moved(from_rfc3339(one.at), since) - from_rfc3339(one.at)
    assert abs(one.offset_ns - wanted) <= one.error_ns < 20_000
    assert abs(one.drift_ppm - drift_ppb / 1_000) <= one.drift_error_ppm
    assert abs(told["k8s-w1"].offset_ns) <= told["k8s-w1"].error_ns


def test_a_folder_without_a_manifest_is_no_session(tmp_path):
    with pytest.raises(UsageError, match=r"no session\.json"):
        skew_session(tmp_path, [])


def test_the_manifest_stays_plain_json(session):
    skew_session(session, [Skew(node="router", offset_ns=S)])
    assert json.loads((session / "session.json").read_text())["schema"] == 1


def test_a_clock_that_ntp_would_set_and_not_slew_is_expected_to_be_told():
    far, near = Skew(node="k8s-w1", offset_ns=-128_000_001), Skew(node="k8s-w0", offset_ns=128_000_000)
    assert [one["subject"] for one in expected_of((far, near))] == [{"node": "k8s-w1"}]
