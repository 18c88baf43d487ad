"""Cilium's agents asked by the real kubectl; the agents' programs are scripts behind a loopback API server."""

from __future__ import annotations

import json
import shutil

import pytest

from captools.collect.kube.access import KubeAccess, cluster_texts
from captools.collect.kube.cilium import agents, cilium_texts
from captools.inventory.read import read_inventory
from tests.collect.kube_api import KubeApi

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")

SCRIPT = """#!/bin/sh
case "$1 $2 $3" in
"endpoint list -o") echo '[{"id":7,"status":{"identity":{"id":5000,"labels":["k8s:app=web"]},"policy":{"x":"hunter2"},
  "external-identifiers":{"k8s-namespace":"shop","k8s-pod-name":"web-1"},
  "networking":{"addressing":[{"ipv4":"10.0.1.7"}],"interface-name":"lxc9"}}}]' ;;
"status --verbose ") echo 'KVStore:  Disabled'; echo 'Routing:  Network: Tunnel [vxlan]   Host: BPF' ;;
"bpf ipcache list") echo '{"10.0.1.7/32": ["identity=5000 encryptkey=0 tunnelendpoint=0.0.0.0"]}' ;;
*) echo "unknown command" >&2; exit 1 ;;
esac
"""


@pytest.fixture
def api(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    with KubeApi(tmp_path) as running:
        program = tmp_path / "cilium-agent"
        program.write_text(SCRIPT)
        program.chmod(0o755)
        running.pod("cilium-x1", "node-a", namespace="kube-system", **{"k8s-app": "cilium"})
        running.pod("cilium-envoy-x1", "node-a", namespace="kube-system", **{"k8s-app": "cilium-envoy"})
        # Before 1.15 only the old name was there.
        running.exec_argv = lambda pod, command: (
            [str(program), *command[1:]] if command[0] == "cilium" else ["/bin/sh", "-c", "exit 127"]
        )
        yield running


def access(api: KubeApi) -> KubeAccess:
    return KubeAccess(program=shutil.which("kubectl") or "", kubeconfig=api.kubeconfig)


def test_the_agents_of_the_captured_nodes_are_asked_and_their_policies_left_out(api):
    pods = cluster_texts(access(api)).texts["kube-pods.json"]
    told = cilium_texts(access(api), pods, {"w1": "node-a", "router": "node-z"})
    assert set(told.texts) == {"w1__cilium-status.txt", "w1__cilium-endpoints.json", "w1__cilium-ipcache.json"}
    assert "hunter2" not in "".join(told.texts.values())
    cluster = read_inventory(told.texts)
    assert (cluster.pods[0].interface, cluster.pods[0].identity, cluster.datapath("w1").tunnel) == (
        "lxc9",
        5000,
        "vxlan",
    )
    (warning,) = told.warnings
    assert (
        warning.startswith("w1: Cilium's agent kube-system/cilium-x1 could not be asked") and "exit code 1" in warning
    )
    commands = [one.query["command"] for one in api.execs()]
    assert ["cilium-dbg", "endpoint", "list", "-o", "json"] in commands
    assert {one.query["container"][0] for one in api.execs()} == {"cilium-agent"}


def test_a_user_who_may_not_exec_gets_one_sentence(api):
    for method in ("POST", "GET"):  # SPDY, WebSocket
        api.refusals[(method, r".*/exec$")] = (403, "Forbidden", 'pods "cilium-x1" is forbidden: cannot create')
    pods = cluster_texts(access(api)).texts["kube-pods.json"]
    told = cilium_texts(access(api), pods, {"w1": "node-a"})
    assert told.texts == {} and len(told.warnings) == 1 and "not allowed to exec" in told.warnings[0]


@pytest.mark.parametrize("name", ["-x", "a b", "$(id)", "x;id", "", "../x"])
def test_a_pod_name_that_kubernetes_would_refuse_is_never_part_of_a_command(name):
    pod = {"metadata": {"name": name, "namespace": "kube-system", "labels": {"k8s-app": "cilium"}},
           "spec": {"nodeName": "n"}, "status": {"phase": "Running"}}  # fmt: skip
    assert agents(json.dumps({"items": [pod]})) == {}
