"""A whole capture through ``kubectl exec``, with exactly the rights that the manifest gives the agent."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time

import pytest

from captools.collect.kube.manifest import Wishes, manifest
from captools.collect.planning.filters import LOOPBACK
from captools.collect.request import CaptureRequest
from captools.collect.runner import capture
from captools.collect.targets import Target
from captools.collect.transports import prepare
from captools.model.errors import CaptureFailed
from tests.collect.kube_fixtures import AGENT

yaml = pytest.importorskip("yaml")
pytestmark = pytest.mark.lab


def confine(kube, node, wishes: Wishes) -> None:
    """Give exec the manifest's capabilities, a read-only root, and its one folder to write to."""
    template = next(one for one in yaml.safe_load_all(manifest(wishes)) if one["kind"] == "DaemonSet")["spec"][
        "template"
    ]
    security = template["spec"]["containers"][0]["securityContext"]
    bounds = ",".join(["-all", *(f"+{name.lower()}" for name in security["capabilities"]["add"])])
    node.inside("mount", "-o", "remount,bind,ro", "/")
    node.inside("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", "/var/tmp")
    confined = ["setpriv", f"--bounding-set={bounds}", "--inh-caps=-all", "--no-new-privs"]
    enter = ["nsenter", f"--target={node.pid}", "--net", "--mount", "--uts", "--"]
    env = ["/usr/bin/env", "-u", "SSH_CONNECTION"]
    kube.exec_argv = lambda pod, command: [*enter, *confined, *env, *command]
    kube.pod("agent-1", "w1", **AGENT)


def by_kubectl(kube) -> Target:
    return prepare(Target(name="w1", transport="kubectl", kubeconfig=kube.kubeconfig))


def test_the_agent_captures_with_the_least_rights_and_a_read_only_root(kube, node, tmp_path):
    # Debian's tcpdump gives up root by itself, which takes three rights more.
    confine(kube, node, Wishes(gives_up_root=True))
    stop, started = threading.Event(), threading.Event()
    request = CaptureRequest(targets=(by_kubectl(kube),), interfaces=("eth1",), bpf="udp", out=tmp_path / "session")
    made = []
    thread = threading.Thread(target=lambda: made.append(capture(request, stop=stop, started=started)))
    thread.start()
    try:
        assert started.wait(40)
        node.send(500)
        time.sleep(0.2)
    finally:
        stop.set()
        thread.join(60)
    (manifest_,) = made
    (point,) = manifest_.points
    assert (point.point, point.packets, point.ok) == ("w1/eth1", 500, True), point.error
    assert "tcp and host 192.0.2.1 and port 10250" in point.filter
    assert node.wait_until_alone() == []


def test_a_tcpdump_that_must_give_up_root_and_may_not_says_what_to_do(kube, node, tmp_path):
    confine(kube, node, Wishes())
    request = CaptureRequest(targets=(by_kubectl(kube),), interfaces=("eth1",), out=tmp_path / "session")
    try:
        made = capture(request, stop=stop_soon())
    except CaptureFailed as error:
        assert "captools agent manifest --with-setuid" in str(error)
    else:
        assert made.points[0].packets == 0  # a tcpdump that stays root captures without further rights


@pytest.fixture
def debug_node(kube, node, monkeypatch, tmp_path):
    """The node under a name that only kubectl knows (RFC 6761), where debug pods have file systems of their own."""
    for folder in ("/var/tmp", "/tmp", "/dev/shm"):
        node.inside("mount", "-t", "tmpfs", "tmpfs", folder)
    kube.node("w1.invalid")
    enter = ["nsenter", f"--target={node.pid}", "--net", "--mount", "--uts", "--"]
    kube.exec_argv = lambda pod, command: [*enter, "/usr/bin/env", "-u", "SSH_CONNECTION", *command]
    monkeypatch.setenv("KUBECONFIG", str(kube.kubeconfig))
    monkeypatch.delenv("CAPTOOLS_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return node


def captools(*words: str) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-c", "from captools.cli.main import run; run()", *words]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_without_a_configuration_a_kubernetes_node_is_captured_on_by_a_debug_pod_that_goes_afterwards(
    kube, debug_node, tmp_path
):
    process = captools("capture", "--node", "w1.invalid", "-i", "eth1", "-f", "udp", "--out", "session")
    deadline = time.monotonic() + 30
    while not debug_node.listening():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.05)
    time.sleep(1)
    debug_node.send(200)
    assert kube.cut() >= 1  # as a load balancer that restarts: the exec stream is lost, the capture is not
    debug_node.send(300)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert (tmp_path / "session/w1.invalid__eth1.pcap").read_bytes().count(b"captools-test") == 500
    assert b"w1.invalid is the Kubernetes node of context lab" in said
    (made,) = [one for one in kube.asked if one.method == "POST" and one.path == "/api/v1/namespaces/default/pods"]
    assert made.body["spec"]["nodeName"] == "w1.invalid" and made.body["spec"]["hostNetwork"] is True
    assert kube.objects["pods"] == []
    (point,) = json.loads((tmp_path / "session/session.json").read_text())["points"]
    assert point["excluded"] == ["tcp and host 192.0.2.1 and port 10250", LOOPBACK]


def test_a_detached_capture_stays_in_its_debug_pod_until_it_is_stopped_and_at_home(kube, debug_node, tmp_path):
    begun = captools("capture", "--node", "w1.invalid", "-i", "eth1", "-f", "udp", "--out", "later", "--detach")
    assert begun.wait(40) == 0, begun.communicate()
    debug_node.send(100)
    assert len(kube.objects["pods"]) == 1
    time.sleep(1.2)
    ended = captools("stop", "later")
    assert ended.wait(40) == 0, ended.communicate()
    assert (tmp_path / "later/w1.invalid__eth1.pcap").read_bytes().count(b"captools-test") == 100
    assert kube.objects["pods"] == []


def stop_soon() -> threading.Event:
    stop = threading.Event()
    threading.Timer(8, stop.set).start()
    return stop
