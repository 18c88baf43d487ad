"""The plan without the capture, on a real node; and which facts count before any node is asked."""

from __future__ import annotations

import json
import subprocess

import pytest

from captools.collect.kube.access import KubeAccess
from captools.collect.planning.preview import early_texts, preview
from captools.collect.request import CaptureRequest
from captools.collect.targets import Target
from captools.model.errors import CaptureFailed

POD = {
    "apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": "web"},
    "spec": {"nodeName": "n1"}, "status": {"phase": "Running", "podIP": "172.20.1.7"},
}  # fmt: skip


@pytest.fixture
def inventory(tmp_path):
    (tmp_path / "pods.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [POD]}))
    return tmp_path / "pods.json"


def request(node, inventory, **wishes):
    return CaptureRequest(targets=(node.target(),), inventory=(inventory,), pods=("shop/web",), **wishes)


@pytest.fixture
def plugged(node):
    """A pod on the node: a namespace of its own, its eth0 the other end of lxcweb; no route names it."""
    holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo ready; exec sleep 60"], stdout=subprocess.PIPE)
    assert holder.stdout is not None and holder.stdout.readline() == b"ready\n"
    pod = ["nsenter", f"--net=/proc/{holder.pid}/ns/net", "ip"]
    try:
        node.inside("ip", "link", "add", "lxcweb", "type", "veth", "peer", "name", "eth0", "netns", str(holder.pid))
        node.inside("ip", "link", "set", "lxcweb", "up")
        subprocess.run([*pod, "link", "set", "eth0", "up"], check=True)
        subprocess.run([*pod, "addr", "add", "172.20.1.7/32", "dev", "eth0"], check=True)
        yield node
    finally:
        holder.kill()
        holder.wait(5)
        holder.stdout.close()


@pytest.mark.lab
def test_a_pods_device_is_found_by_the_other_end_of_its_own_card(plugged, inventory):
    plan, failed = preview(request(plugged, inventory))
    (run,) = plan.node("n1").runs
    assert failed == {} and str(run.point) == "n1/lxcweb"
    assert run.why.endswith("the pod's own interface with 172.20.1.7 has it as its other end")


@pytest.mark.lab
def test_a_route_is_believed_before_anybody_looks_into_namespaces(plugged, inventory):
    plugged.inside("ip", "route", "add", "172.20.1.7/32", "dev", "lxcweb")
    plan, _ = preview(request(plugged, inventory))
    assert plan.node("n1").runs[0].why.endswith("the node's route to 172.20.1.7 leads there")


@pytest.mark.lab
def test_the_endpoint_list_is_believed_first(plugged, inventory, tmp_path):
    endpoint = {
        "id": 7,
        "status": {
            "external-identifiers": {"k8s-namespace": "shop", "k8s-pod-name": "web"},
            "networking": {"addressing": [{"ipv4": "172.20.1.7"}], "interface-name": "lxcweb"},
        },
    }
    (tmp_path / "n1__endpoints.json").write_text(json.dumps([endpoint]))
    asked = CaptureRequest(targets=(plugged.target(),), inventory=(tmp_path,), pods=("shop/web",))
    plan, _ = preview(asked)
    assert plan.node("n1").runs[0].why.endswith("Cilium's endpoint list names it")


@pytest.mark.lab
def test_a_node_without_the_tool_fails_alone_and_without_any_node_there_is_no_plan(node, inventory):
    gone = Target(name="gone", transport="netns", pid=4194303)
    plan, failed = preview(CaptureRequest(targets=(node.target(), gone)))
    assert [one.node for one in plan.nodes] == ["n1"] and list(failed) == ["gone"]
    with pytest.raises(CaptureFailed, match="captools nodes shows what would work"):
        preview(CaptureRequest(targets=(gone,)))


def test_without_a_cluster_the_files_are_all_there_is(inventory):
    texts, said = early_texts([inventory], None, ())
    assert list(texts) == ["pods.json"] and said == ()


def test_a_cluster_that_cannot_be_asked_leaves_the_files_and_says_so(inventory, tmp_path):
    broken = tmp_path / "kubectl"
    broken.write_text("#!/bin/sh\necho no route to host >&2; exit 1\n")
    broken.chmod(0o755)
    texts, said = early_texts([inventory], KubeAccess(program=str(broken), context="c", insisted=True), ())
    assert "pods.json" in texts and said and "no route to host" in said[0]
