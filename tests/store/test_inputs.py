"""What SOURCE… means, for every form of it (DESIGN section 3)."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from captools.inventory.read import read_inventory
from captools.model.errors import MalformedCapture, UsageError
from captools.store.inputs import Inputs, expand
from captures.build import pcap
from tests.small_session import LINKS, ROUTER, W1, handshake, write_session

PCAP = pcap(handshake())


def points(inputs: Inputs) -> list[str]:
    return [one.point for one in inputs.captures]


def file(path: Path, data: bytes = PCAP) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def open_(*sources: object, inventory: tuple[object, ...] = ()) -> Inputs:
    return expand(tuple(map(str, sources)), tuple(map(str, inventory)))


def test_a_session_folder_gives_its_captures_with_what_its_manifest_says_of_them(tmp_path):
    inputs = open_(write_session(tmp_path / "s"))
    assert points(inputs) == ["k8s-w1/eth1", "router/eth1"]
    assert all(one.record is not None and one.record.user_filter == "tcp" for one in inputs.captures)
    assert inputs.manifest is not None and inputs.title == "s"
    assert (inputs.failed_points, inputs.warnings) == ([], [])
    assert [Path(name).name for name in inputs.inventory] == ["k8s-w1__ip-link.json"]


def test_a_single_file_of_a_session_still_knows_its_record_its_node_and_the_inventory(tmp_path):
    folder = write_session(tmp_path / "s")
    inputs = open_(folder / W1)
    (one,) = inputs.captures
    assert one.record is not None and one.record.counts.dropped == 1 and one.required
    assert inputs.manifest is not None and [node.name for node in inputs.manifest.nodes] == ["k8s-w1"]
    assert len(inputs.inventory) == 1 and inputs.failed_points == []


def test_two_files_of_a_session_know_both_their_nodes(tmp_path):
    folder = write_session(tmp_path / "s")
    inputs = open_(folder / W1, folder / ROUTER)
    assert inputs.manifest is not None
    assert [node.name for node in inputs.manifest.nodes] == ["k8s-w1", "router"]
    assert [point.file for point in inputs.manifest.points] == [W1, ROUTER]


def test_a_session_without_its_manifest_is_read_as_loose_files_and_says_so(tmp_path):
    folder = write_session(tmp_path / "s")
    (folder / "session.json").unlink()
    inputs = open_(folder)
    assert points(inputs) == ["k8s-w1/eth1", "router/eth1"]  # by the file names
    assert inputs.manifest is None and len(inputs.inventory) == 1
    assert len(inputs.warnings) == 1 and "no session.json in this session folder" in inputs.warnings[0]


@pytest.mark.parametrize("target", ["", W1], ids=["folder", "file"])
def test_a_damaged_manifest_is_a_warning_that_names_it(tmp_path, target):
    folder = write_session(tmp_path / "s")
    (folder / "session.json").write_text("{")
    inputs = open_(folder / target)
    assert "k8s-w1/eth1" in points(inputs)
    (warning,) = inputs.warnings
    assert warning.startswith(f"{folder}/session.json: not JSON")


def test_a_session_that_did_not_end_properly_says_so_and_passes_its_warnings_on(tmp_path):
    inputs = open_(write_session(tmp_path / "s", complete=False, warnings=["k8s-w0: no answer"]))
    assert inputs.warnings == [
        "s: k8s-w0: no answer",
        f"{tmp_path / 's'}: the capture did not end properly; what was written by then is shown",
    ]


def test_a_point_whose_file_is_missing_is_told_once(tmp_path):
    folder = write_session(tmp_path / "s")
    (folder / ROUTER).unlink()
    inputs = open_(folder)
    assert points(inputs) == ["k8s-w1/eth1"]
    assert [one.point for one in inputs.failed_points] == ["router/eth1"]


def test_an_empty_file_of_a_session_is_an_input_and_not_a_missing_one(tmp_path):
    folder = write_session(tmp_path / "s")
    (folder / ROUTER).write_bytes(b"")
    inputs = open_(folder)
    assert points(inputs) == ["k8s-w1/eth1", "router/eth1"] and inputs.failed_points == []


def test_a_folder_of_loose_captures_is_known_by_content_and_by_name(tmp_path):
    file(tmp_path / "d" / "k8s-w1__eth1.pcap")
    file(tmp_path / "d" / "deep" / "no-suffix")
    file(tmp_path / "d" / "packed.pcap.gz", gzip.compress(PCAP))
    file(tmp_path / "d" / "text.pcap", b"not a capture")
    file(tmp_path / "d" / "notes.txt", b"hello")
    file(tmp_path / "d" / "notes.txt.gz", gzip.compress(b"hello"))
    file(tmp_path / "d" / ".cache" / "x.pcap")
    inputs = open_(tmp_path / "d")
    assert [one.path.name for one in inputs.captures] == [
        "no-suffix", "k8s-w1__eth1.pcap", "packed.pcap.gz", "text.pcap",
    ]  # fmt: skip
    assert points(inputs) == ["", "k8s-w1/eth1", "", ""]
    assert not any(one.required for one in inputs.captures)


def test_a_folder_of_sessions_opens_each_with_its_own_manifest(tmp_path):
    write_session(tmp_path / "all" / "first")
    write_session(tmp_path / "all" / "second")
    inputs = open_(tmp_path / "all")
    assert points(inputs) == ["k8s-w1/eth1", "router/eth1"] * 2
    assert all(one.record is not None for one in inputs.captures)
    assert len(inputs.inventory) == 2, "a file of the same name in another session is another file"
    assert inputs.manifest is not None and len(inputs.manifest.nodes) == 3


def test_inventory_beside_captures_in_a_subfolder_is_found(tmp_path):
    file(tmp_path / "d" / "w1" / "k8s-w1__eth1.pcap")
    file(tmp_path / "d" / "w1" / "k8s-w1__ip-link.json", json.dumps(LINKS).encode())
    file(tmp_path / "d" / "unrelated" / "k8s-w9__ip-link.json", json.dumps(LINKS).encode())
    assert [Path(name).name for name in open_(tmp_path / "d").inventory] == ["k8s-w1__ip-link.json"]


def test_a_fifo_in_a_folder_is_not_waited_for(tmp_path):
    file(tmp_path / "d" / "a.pcap")
    os.mkfifo(tmp_path / "d" / "fifo.pcap")
    assert [one.path.name for one in open_(tmp_path / "d").captures] == ["a.pcap"]


def test_node_slash_interface_names_the_point_of_a_file(tmp_path):
    path = file(tmp_path / "other__name.pcap")
    assert points(open_(f"k8s-w1/eth1={path}")) == ["k8s-w1/eth1"]


def test_a_file_whose_name_holds_an_equals_sign_is_that_file(tmp_path):
    path = file(tmp_path / "a=b.pcap")
    assert [one.path for one in open_(path).captures] == [path]
    assert points(open_(f"r/e={path}")) == ["r/e"]


def test_half_a_point_before_the_equals_sign_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="write NODE/INTERFACE, for example k8s-w1/eth1"):
        open_(f"eth1={file(tmp_path / 'x.pcap')}")


def test_one_point_cannot_be_the_point_of_a_folder(tmp_path):
    file(tmp_path / "d" / "x.pcap")
    with pytest.raises(UsageError, match="a folder holds many points"):
        open_(f"k8s-w1/eth1={tmp_path / 'd'}")


class Stdin:
    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


@pytest.mark.parametrize(("source", "point"), [("-", ""), ("router/eth1=-", "router/eth1")])
def test_a_dash_is_stdin_and_may_be_given_a_point(monkeypatch, source, point):
    monkeypatch.setattr(sys, "stdin", Stdin(PCAP))
    (one,) = open_(source).captures
    assert (one.path.read_bytes(), one.path.name, one.point, one.required) == (PCAP, "stdin", point, True)


def test_a_named_pipe_is_read_once_and_kept(tmp_path):
    fifo = tmp_path / "router__eth1.pcap"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_bytes, args=(PCAP,))
    writer.start()
    (one,) = open_(fifo).captures
    writer.join(timeout=10)
    assert (one.path.read_bytes(), one.point) == (PCAP, "router/eth1")


@pytest.mark.parametrize("source", ["/dev/zero", "/dev/null"])
def test_a_device_is_no_capture(source):
    with pytest.raises(MalformedCapture, match="neither a file nor a folder"):
        open_(source)


@pytest.mark.parametrize("source", ["nowhere.pcap", "k8s-w1/eth1=nowhere.pcap", "x" * 5000, "a\0b", "k8s-w1/eth1="])
def test_a_source_that_is_not_there_is_one_sentence(source):
    with pytest.raises(MalformedCapture, match="no such file or folder; check the name"):
        open_(source)


@pytest.mark.parametrize("sources", [(), ("",), ("a.pcap", "")])
def test_no_source_and_an_empty_one_never_mean_the_current_folder(tmp_path, monkeypatch, sources):
    file(tmp_path / "a.pcap")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"no SOURCE was given|an empty SOURCE was given"):
        open_(*sources)


def test_a_folder_without_captures_says_what_a_capture_is(tmp_path):
    file(tmp_path / "d" / "notes.txt", b"hello")
    with pytest.raises(MalformedCapture, match="d: no capture file in there; a capture is a pcap or pcapng file"):
        open_(tmp_path / "d")


def test_more_inventory_can_be_named_and_what_is_none_is_a_warning(tmp_path):
    capture = file(tmp_path / "d" / "x.pcap")
    facts = file(tmp_path / "facts" / "k8s-w1__ip-link.json", json.dumps(LINKS).encode())
    novel = file(tmp_path / "novel.txt", b"It was a dark and stormy night.")
    inputs = open_(capture, inventory=(facts.parent, novel))
    assert list(inputs.inventory) == [str(facts)]
    assert inputs.warnings == [f"{novel}: nothing in it is known as cluster facts; left out"]


def test_inventory_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(MalformedCapture, match="no such inventory file or folder; check --inventory"):
        open_(file(tmp_path / "x.pcap"), inventory=(tmp_path / "gone",))


def test_a_binary_file_is_no_inventory(tmp_path):
    path = file(tmp_path / "d" / "x.pcap")
    file(tmp_path / "d" / "k8s-w1__ip-link.json", b"\0" + json.dumps(LINKS).encode())
    assert open_(path).inventory == {}


def test_a_folder_with_a_name_beyond_utf8_is_read(tmp_path):
    assert len(open_(write_session(tmp_path / os.fsdecode(b"\xff\x1b"))).captures) == 2


LOG = "02:57:08.004967 IP 172.20.0.88 > 172.20.2.33: ICMP echo request, id 698, seq 1, length 64\n"


def test_text_logs_in_a_folder_are_known_by_content_and_named_like_captures(tmp_path):
    file(tmp_path / "d" / "router__eth1.log", LOG.encode())
    file(tmp_path / "d" / "k8s-w1__lxc1.txt", b"interface: lxc1\nfilter: ip\n####\n")
    file(tmp_path / "d" / "router__ip-route.txt", b"default via 10.0.2.2 dev eth0\n")
    inputs = open_(tmp_path / "d")
    assert points(inputs) == ["k8s-w1/lxc1", "router/eth1"]
    assert [Path(name).name for name in inputs.inventory] == ["router__ip-route.txt"]


def test_ngreps_text_in_a_session_has_the_record_of_the_capture_beside_it(tmp_path):
    folder = write_session(tmp_path / "s")
    manifest = json.loads((folder / "session.json").read_text())
    manifest["points"][0]["text_file"] = "printed"
    (folder / "session.json").write_text(json.dumps(manifest))
    file(folder / "printed", b"interface: eth1\nfilter: ip\n####\n")
    inputs = open_(folder)
    records = {one.path.name: one.record for one in inputs.captures}
    first = records[W1]
    assert records == {W1: first, "printed": first, ROUTER: records[ROUTER]} and first != records[ROUTER]
    assert inputs.failed_points == []
    (alone,) = open_(folder / "printed").captures
    assert alone.record == first and alone.point == "k8s-w1/eth1"


def test_packed_inventory_is_read_as_if_it_were_not(tmp_path):
    links = json.dumps(LINKS)
    plain = read_inventory({"k8s-w1__ip-link.json": links})
    (tmp_path / "k8s-w1__ip-link.json").write_text(links)
    subprocess.run(["zstd", "-q", "--rm", str(tmp_path / "k8s-w1__ip-link.json")], check=True)
    (tmp_path / "notes.gz").write_bytes(gzip.compress(b"\0" * 3_000))
    capture = file(tmp_path / "session" / "k8s-w1__eth1.pcap")
    ((path, text),) = open_(capture, inventory=(tmp_path,)).inventory.items()
    assert path.endswith("k8s-w1__ip-link.json.zst") and read_inventory({path: text}) == plain and plain.nodes
