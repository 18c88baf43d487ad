"""Loading: every source of SOURCE…, as one packet table."""

from __future__ import annotations

import gzip
import json
import tracemalloc

import pytest

from captools.inventory.read import read_inventory
from captools.model.errors import MalformedCapture
from captools.store.capture import Reading
from captools.store.inputs import expand
from captools.store.load import load
from captools.wire import choice
from captures import case
from captures.build import pcap
from captures.generate import generate
from tests.small_session import handshake, write_session

FOLDER = case("s8-ingress-dedicated-snat").folder


def opened(*sources: object):
    inputs = expand(tuple(map(str, sources)))
    return load(inputs, read_inventory(inputs.inventory), Reading((8472, 4789))), inputs


def test_pages_count_through_all_sources():
    found, _ = opened(FOLDER)
    whole = found.packets()
    assert len(found) == len(whole) == sum(source.packets for source in found.sources)
    sizes = [source.packets for source in found.sources]
    border = next(total for total in (sum(sizes[:at]) for at in range(len(sizes))) if total > 2)
    for first, count in ((0, 3), (border - 2, 5), (border, 1), (len(whole) - 1, 9), (len(whole), 1)):
        page = found.page(first, count)
        assert page["frame"].to_pylist() == whole.slice(first, count)["frame"].to_pylist()
        assert page["source"].to_pylist() == whole.slice(first, count)["source"].to_pylist()


def test_batches_say_whose_rows_they_are():
    found, _ = opened(FOLDER)
    for one, first, table in found.batches():
        assert set(table["source"].to_pylist()) <= {one.source.name}
        assert table["frame"].to_pylist() == list(range(first + 1, first + 1 + len(table)))


def test_heads_point_into_the_whole_table():
    found, _ = opened(FOLDER)
    packets, http = found.packets(), found.http()
    rows = packets.take(http["row"].combine_chunks())
    assert len(http) and rows["frame"].to_pylist() == http["frame"].to_pylist()
    assert rows["point"].to_pylist() == http["point"].to_pylist()


def test_what_a_capture_left_out_as_its_own_way_home_is_known_of_its_source(tmp_path):
    folder = write_session(tmp_path / "s")
    document = json.loads((folder / "session.json").read_text())
    document["points"][0]["excluded"] = ["tcp and host 192.0.2.9 and host 192.0.2.1 and port 22"]
    (folder / "session.json").write_text(json.dumps(document))
    found, _ = opened(folder)
    told = {source.point: source.excluded for source in found.sources}
    left_out = ("tcp and host 192.0.2.9 and host 192.0.2.1 and port 22",)
    assert told == {"k8s-w1/eth1": left_out, "router/eth1": ()}


def test_a_bad_file_in_a_folder_is_a_warning_and_a_named_one_an_error(tmp_path):
    (tmp_path / "good.pcap").write_bytes(pcap(handshake()))
    (tmp_path / "bad.pcap").write_bytes(b"no capture at all\n" * 9)
    found, _ = opened(tmp_path)
    assert [source.name for source in found.sources] == ["good.pcap"]
    assert len(found.warnings) == 1 and "bad.pcap" in found.warnings[0]
    with pytest.raises(MalformedCapture, match=r"bad\.pcap: not a capture file"):
        opened(tmp_path / "bad.pcap")


def test_equal_names_are_told_apart_by_their_folders(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "eth1.pcap").write_bytes(pcap(handshake()))
    found, _ = opened(tmp_path / "a/eth1.pcap", tmp_path / "b/eth1.pcap", tmp_path / "b/eth1.pcap")
    names = [source.name for source in found.sources]
    assert names[:2] == ["eth1.pcap", "b/eth1.pcap"] and len(set(names)) == 3


def test_a_log_comes_after_the_captures(tmp_path):
    (tmp_path / "a.txt").write_text("12:00:00.000001 IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [S], seq 1, length 0\n")
    (tmp_path / "b.pcap").write_bytes(pcap(handshake()))
    found, _ = opened(tmp_path)
    assert [source.name for source in found.sources] == ["b.pcap", "a.txt"]
    assert found.sources[1].text == "tcpdump"


def test_a_packed_file_that_holds_no_capture_is_refused_by_its_beginning(tmp_path):
    """400 MiB of zeros in 400 kB: refused before they are in memory."""
    path = tmp_path / "zeros.pcap.gz"
    path.write_bytes(gzip.compress(bytes(100 << 20), 9) * 4)
    tracemalloc.start()
    with pytest.raises(MalformedCapture, match=r"zeros.pcap.gz: not a capture file: it begins with the bytes 00 00"):
        opened(path)
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


@pytest.mark.slow
def test_many_small_captures_that_are_too_much_together_are_not_held_in_memory(tmp_path, monkeypatch, own_cache):
    from captools.store.large import LargeCapture
    from captools.store.small import SmallCapture
    from tests.wire.equality import reference

    data = b"".join(generate(packets=7_000, seed=2))
    for number in range(3):
        (tmp_path / f"{number}.pcap").write_bytes(data)
    assert {type(one.rows) for one in opened(tmp_path)[0].loaded} == {SmallCapture}
    monkeypatch.setattr(choice, "TOGETHER", 15_000)
    found, _ = opened(tmp_path)
    assert {type(one.rows) for one in found.loaded} == {LargeCapture} and len(found) == 3 * len(reference(data))
