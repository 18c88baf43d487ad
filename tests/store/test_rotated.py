"""Rotated captures, made by the real tools: one point, in time order, frames numbered in each file."""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path

import pytest

from captools.correlate.paths.coverage import Coverage
from captools.correlate.sightings import sightings
from captools.inventory.read import read_inventory
from captools.model.cluster import Cluster
from captools.store.capture import Reading
from captools.store.inputs import Inputs, expand
from captools.store.load import load
from captures.build import ethernet, ipv4, pcap, udp

SECOND = 1_000_000_000
START = 1_795_176_000 * SECOND


def traffic(packets: int = 3_000) -> bytes:
    """A packet every 10 ms, each with its own number."""
    frames = (
        ethernet(ipv4(udp(number.to_bytes(4, "big") + bytes(996), sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=17))
        for number in range(packets)
    )  # fmt: skip
    return pcap([(START + number * 10_000_000, frame) for number, frame in enumerate(frames)])


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "all.pcap").write_bytes(traffic())
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def tcpdump(folder: Path, name: str, *words: str) -> list[str]:
    """Rewrite the traffic into files of at most a million bytes; return their names."""
    subprocess.run(
        ["tcpdump", "-r", str(folder.parent / "in/all.pcap"), "-w", name, "-C", "1", "-Z", "root", *words], cwd=folder,
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return sorted(path.name for path in folder.iterdir())


def loaded(*sources: object):
    inputs = expand(tuple(map(str, sources)))
    return load(inputs, read_inventory(inputs.inventory), Reading((8472, 4789)))


def names(inputs: Inputs) -> list[str]:
    return [one.path.name for one in inputs.captures]


def test_files_of_tcpdump_c_are_one_point_in_the_order_of_their_packets(folder):
    assert tcpdump(folder, "k8s-w1__eth1.pcap") == [f"k8s-w1__eth1.pcap{end}" for end in ("", "1", "2", "3")]
    found = loaded(folder)
    table = found.packets()
    assert set(table["point"].to_pylist()) == {"k8s-w1/eth1"} and len(table) == 3_000
    assert table["ts_ns"].to_pylist() == [START + number * 10_000_000 for number in range(3_000)]
    for source in found.sources:
        frames = [row["frame"] for row in table.select(["frame", "source"]).to_pylist() if row["source"] == source.name]
        assert frames == list(range(1, source.packets + 1))


def test_ten_files_are_not_sorted_as_words(folder):
    subprocess.run(
        ["editcap", "-F", "pcap", folder.parent / "in/all.pcap", folder / "eth1.pcap", "-r", "1-10"], check=True
    )
    for number in range(1, 13):
        first = 10 * number + 1
        subprocess.run(
            ["editcap", "-F", "pcap", "-r", folder.parent / "in/all.pcap", folder / f"eth1.pcap{number}", f"{first}-{first + 9}"],
            check=True,
        )  # fmt: skip
    assert names(expand((str(folder),))) == ["eth1.pcap", *(f"eth1.pcap{number}" for number in range(1, 13))]


def test_a_ring_that_began_again_is_in_time_order(folder):
    assert tcpdump(folder, "ring.pcap", "-W", "3") == ["ring.pcap0", "ring.pcap1", "ring.pcap2"]
    assert names(expand((str(folder),))) == [
        "ring.pcap1",
        "ring.pcap2",
        "ring.pcap0",
    ]  # the fourth took the first's place
    stamps = loaded(folder).packets()["ts_ns"].to_pylist()
    assert stamps == sorted(stamps) and {one.point for one in loaded(folder).sources} == {"ring"}


def test_one_by_one_in_any_order_and_packed_it_is_the_same(folder):
    tcpdump(folder, "eth1.pcap", "-W", "10")
    whole = loaded(folder).packets()["ts_ns"].to_pylist()
    packed = folder / "eth1.pcap1"
    packed.with_suffix(".pcap1.gz").write_bytes(gzip.compress(packed.read_bytes()))
    packed.unlink()
    subprocess.run(["zstd", "-q", "--rm", str(folder / "eth1.pcap2")], check=True)
    sources = [folder / f"eth1.pcap{end}" for end in ("3", "1.gz", "0", "2.zst")]
    for given in (sources, [folder]):
        found = loaded(*given)
        assert found.packets()["ts_ns"].to_pylist() == whole
        assert {source.point for source in found.sources} == {"eth1"}


@pytest.mark.parametrize("kind", ["pcapng", "pcap"])
def test_files_that_wiresharks_tools_number_and_date_are_one_point(folder, kind):
    subprocess.run(
        ["editcap", "-F", kind, "-c", "1000", folder.parent / "in/all.pcap", folder / f"trace.{kind}"], check=True
    )
    found = loaded(folder)
    assert [source.name[:12] for source in found.sources] == ["trace_00000_", "trace_00001_", "trace_00002_"]
    assert {source.point for source in found.sources} == {"trace"} and len(found.packets()) == 3_000


def test_files_with_the_time_in_their_name_are_one_point(folder):
    """As tcpdump -G writes them; it needs a live interface for more than one file."""
    names_ = tcpdump(folder, "eth1-2026-11-20_12:00:00.pcap")
    later = folder / "eth1-2026-11-20_12:10:00.pcap"
    (folder / names_[-1]).rename(later)
    found = loaded(folder)
    assert {source.point for source in found.sources} == {"eth1"} and found.sources[-1].name == later.name


def test_files_that_only_look_alike_keep_their_own_points(folder):
    data = pcap([(START, b"x" * 20)])
    for name in ("a.pcap", "a.pcapng", "b_1.pcap", "b_2.pcap", "c-20261120.pcap", "d.pcap", "d.pcap.gz"):
        (folder / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    assert [one.stem for one in expand((str(folder),)).captures] == [""] * 7
    (folder / "c").mkdir()
    (folder / "c" / "c-20261121.pcap").write_bytes(data)  # of another folder, perhaps of another node
    assert [one.stem for one in expand((str(folder),)).captures] == [""] * 8


def test_a_set_is_one_listening_window(folder):
    """What one file lost says nothing of the time of another, and where one ends the next one listens."""
    tcpdump(folder, "n__eth1.pcap")
    last = folder / "n__eth1.pcap3"
    last.write_bytes(last.read_bytes()[:-7])
    found = loaded(folder)
    coverage = Coverage(sightings(found.packets()), found.sources, {}, Cluster())
    borders = [source.last_ns for source in found.sources[:-1]]
    assert len(borders) == 3
    for border in borders:
        for at in (border - 1, border, border + 5_000_000):
            assert coverage.why_not_witness("n/eth1", at) == ""
    end = found.sources[-1].last_ns
    for at in (end, end + 1, end + 100 * SECOND):
        assert "ends early" in coverage.why_not_witness("n/eth1", at)
