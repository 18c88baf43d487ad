"""The other ends of pod devices, read in real namespaces."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from captools.agent.peers import links, namespaces
from tests.conftest import ROOT

ASK = "import json; from captools.agent import peers; print(json.dumps([peers.gather(), peers.namespaces()]))"


def holder() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo ready; exec sleep 60"], stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    return process


@pytest.fixture
def plugged():
    """A node and a pod in namespaces of their own, one cable between them: (how to enter the node, the pod's pid)."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("needs root and unshare")
    node, pod = holder(), holder()
    at_node, at_pod = (["nsenter", f"--net=/proc/{one.pid}/ns/net"] for one in (node, pod))
    try:
        cable = ["ip", "link", "add", "lxcpod", "type", "veth", "peer", "name", "eth0", "netns", str(pod.pid)]
        subprocess.run([*at_node, *cable], check=True)
        subprocess.run([*at_pod, "ip", "link", "set", "eth0", "up"], check=True)
        subprocess.run([*at_pod, "ip", "addr", "add", "172.20.9.7/32", "dev", "eth0"], check=True)
        yield at_node, pod.pid
    finally:
        for process in (node, pod):
            process.kill()
            process.wait(5)
            assert process.stdout is not None
            process.stdout.close()


def test_the_pods_card_names_the_index_of_the_nodes_end(plugged):
    at_node, pid = plugged
    said = subprocess.run([*at_node, "ip", "-j", "link", "show", "lxcpod"], capture_output=True, check=True).stdout
    ours = json.loads(said)[0]
    answer = subprocess.run([*at_node, sys.executable, "-c", ASK], capture_output=True, check=True, cwd=ROOT).stdout
    found, paths = json.loads(answer)
    (link,) = [one for one in found["links"] if one["addresses"] == ["172.20.9.7"]]
    assert (link["name"], link["peer"], link["index"]) == ("eth0", ours["ifindex"], ours["link_index"])
    inodes = [os.stat(path).st_ino for path in paths]
    assert os.stat(f"/proc/{pid}/ns/net").st_ino in inodes and len(set(inodes)) == len(inodes)
    assert found["namespaces"] == len(paths)


def test_a_proc_that_may_not_be_read_gives_nothing(tmp_path):
    assert namespaces(str(tmp_path / "gone")) == []


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"link_index": "7"}]', '[{"link_index": 7, "addr_info": [3]}]'])
def test_what_is_no_answer_of_ip_gives_nothing(text):
    assert links(text) == []
