"""The nodes of a cluster as targets."""

from __future__ import annotations

import pytest

from captools.collect.kube.nodes import current_context, kube_node, kube_nodes
from captools.model.errors import CaptureFailed, ToolMissing


def test_every_node_is_a_target_by_kubectl(kube):
    kube.node("w2")
    found = kube_nodes(kube.kubeconfig, "lab")
    assert [(one.name, one.transport, one.context) for one in found] == [
        ("w1", "kubectl", "lab"),
        ("w2", "kubectl", "lab"),
    ]
    assert all(one.kubeconfig == kube.kubeconfig for one in found)


def test_a_single_node_is_found_by_its_name_only(kube):
    found = kube_node("w1", kube.kubeconfig)
    assert found is not None and found.name == "w1"
    assert kube_node("w", kube.kubeconfig) is None and kube_node("--all", kube.kubeconfig) is None


def test_a_cluster_that_refuses_says_why_and_has_no_single_node(kube):
    kube.refusals = {("GET", "/api/v1/nodes"): (
        403, "Forbidden", 'nodes is forbidden: User "u" cannot list resource "nodes" in API group "" at the cluster scope'
    )}  # fmt: skip
    with pytest.raises(CaptureFailed, match="cannot be listed: you may not list nodes in the whole cluster"):
        kube_nodes(kube.kubeconfig)
    assert kube_node("w1", kube.kubeconfig) is None


def test_the_current_context_is_read_without_asking_the_server(kube, tmp_path):
    assert current_context(kube.kubeconfig) == "lab"
    assert {one.path for one in kube.asked} <= {"/version"}  # some packaged clients ask for that by themselves
    (tmp_path / "empty").write_text("{}")
    assert current_context(tmp_path / "empty") == ""


def test_without_kubectl_the_tool_is_missing(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert kube_node("w1") is None and current_context() == ""
    with pytest.raises(ToolMissing):
        kube_nodes()
