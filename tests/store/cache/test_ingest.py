"""Reading a file into an entry: in ranges or as a stream, damaged or not, in little memory."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys

import pytest

from captures.generate import generate
from tests.wire.equality import assert_equal, naming_of, plain, reference

pytestmark = pytest.mark.slow


def made(path, place, threads=1):
    from captools.store.cache.entry import Entry
    from captools.store.cache.ingest import ingest

    return Entry(ingest(path, [place], path.name, vxlan_ports=(8472, 4789), threads=threads))


@pytest.fixture(scope="module")
def small() -> bytes:
    return b"".join(generate(packets=20_000, seed=5))


def test_one_range_and_three_give_the_same_rows(capture, entry, naming, tmp_path):
    alone = made(capture, tmp_path)
    assert (len(alone.meta.shards), len(entry.meta.shards)) == (1, 3)
    assert_equal(plain(alone.table(naming)), plain(entry.table(naming)))


def test_a_pcapng_is_read_in_ranges_too_and_keeps_its_interfaces(tmp_path):
    data = b"".join(generate(packets=30_000, seed=5, form="pcapng"))
    path = tmp_path / "a.pcap"  # its name does not say so
    path.write_bytes(data)
    found = made(path, tmp_path / "c", threads=3)
    assert len(found.meta.shards) > 1
    assert [one.name for one in found.meta.interfaces] == ["lxc00000", "lxc00001", "lxc00002", "lxc00003"]
    assert_equal(plain(found.table(naming_of(4))), reference(data))


def test_meta_says_what_the_file_is(capture, entry, wanted):
    meta = entry.meta
    times = wanted["ts_ns"].to_pylist()
    assert (meta.packets, meta.first_ns, meta.last_ns) == (len(wanted), min(times), max(times))
    assert meta.damage == ""


def test_a_cut_file_keeps_all_whole_records_and_says_where_it_ends(small, tmp_path):
    path = tmp_path / "cut.pcap"
    path.write_bytes(small[:-7])
    from captools.wire.index import read_records

    found, wanted = made(path, tmp_path / "c"), read_records(small[:-7], "t")
    assert len(found) == len(wanted) and found.meta.damage == wanted.damage != ""
    assert_equal(plain(found.table(naming_of(1))), reference(small[:-7]))


def test_a_packed_file_is_read_as_a_stream(small, tmp_path):
    path = tmp_path / "a.pcap"  # its name does not say so
    path.write_bytes(gzip.compress(small, 1))
    found = made(path, tmp_path / "c")
    assert_equal(plain(found.table(naming_of(1))), reference(small))


def test_a_boundary_that_was_guessed_wrongly_costs_no_packet(tmp_path):
    """Payloads that look like records, chained for longer than the search looks: the guess lands inside one."""
    import struct

    from captures.build import ethernet, ipv4, udp

    false = b"".join(struct.pack("<IIII", 1_700_000_000, n, 40, 40) + bytes(40) for n in range(900))
    frame = ethernet(ipv4(udp(false[:50_000], sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=17))
    record = struct.pack("<IIII", 1_700_000_000, 0, len(frame), len(frame)) + frame
    data = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1) + record * 199
    path = tmp_path / "trap.pcap"
    path.write_bytes(data)
    from captools.wire.parallel import plan

    with path.open("rb") as file:
        read_at = lambda space, at: os.preadv(file.fileno(), [space], at)  # noqa: E731
        _first, guess = plan(read_at, len(data), "trap.pcap", threads=2).begins
    assert (guess - 24) % len(record) != 0  # the trap works
    found = made(path, tmp_path / "c", threads=2)
    assert len(found) == 199
    assert_equal(plain(found.table(naming_of(1))), reference(data))


def test_what_cannot_be_written_leaves_nothing_behind(small, tmp_path):
    """A full disk: here, one on which no more than a megabyte may be written."""
    path = tmp_path / "a.pcap"
    path.write_bytes(small)
    code = f"""
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, {str(__file__.rpartition("/tests/")[0])!r})
from captools.store import kernels
kernels.prepare(lambda words: None)
from captools.store.cache.ingest import ingest
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    ingest(Path({str(path)!r}), [Path({str(tmp_path / "c")!r})], "key", vxlan_ports=())
except OSError as error:
    print("OSError", error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.startswith("OSError"), done.stderr
    assert list((tmp_path / "c").iterdir()) == []


def test_a_handshake_late_in_the_file_tells_what_messages_before_it_are(tmp_path):
    """Odd-length messages on a port of their own: only the handshake, in another part of the file, proves them."""
    from captures.build import ethernet, ipv4, pcap, udp

    def frame(payload: bytes) -> bytes:
        return ethernet(ipv4(udp(payload, sport=40_000, dport=7_777), src="192.0.2.1", dst="192.0.2.2", proto=17))

    odd = frame(bytes([4, 0, 0, 0]) + (7).to_bytes(4, "little") + (9).to_bytes(8, "little") + bytes(33))
    handshake = frame(bytes([1, 0, 0, 0]) + (5).to_bytes(4, "little") + bytes(140))
    data = pcap([(at, odd) for at in range(70_000)] + [(70_000, handshake)])
    path = tmp_path / "wg.pcap"
    path.write_bytes(data)
    table = plain(made(path, tmp_path / "c", threads=2).table(naming_of(1)))
    assert_equal(table, reference(data))
    assert set(table["wg_receiver"].to_pylist()[:-1]) == {7}


def test_flows_add_up_to_the_file(entry, wanted):
    import pyarrow.parquet as pq

    from captools.store.cache.files import table_file

    tables = [pq.read_table(table_file(entry.folder, at, "flows")) for at in range(len(entry.meta.shards))]
    assert sum(sum(table["packets"].to_pylist()) for table in tables) == len(wanted)
    assert sum(sum(table["wire_bytes"].to_pylist()) for table in tables) == sum(wanted["wire_len"].to_pylist())
