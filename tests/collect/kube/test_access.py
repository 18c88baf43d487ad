"""The cluster's own facts by the real kubectl, from a loopback stand-in of the API server."""

from __future__ import annotations

import json
import shutil

import pytest

from captools.collect.kube.access import KubeAccess, cluster_texts, concerns, find_access
from captools.inventory.read import read_inventory
from captools.model.errors import ToolMissing, UsageError
from tests.collect.kube_api import KubeApi

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")

POD = {
    "metadata": {"name": "web-1", "namespace": "shop", "labels": {"app": "web"}},
    "spec": {"nodeName": "n1", "containers": [{"name": "c", "env": [{"name": "P", "value": "hunter2"}]}]},
    "status": {"phase": "Running", "podIP": "10.0.1.7", "hostIP": "192.0.2.1"},
}
NODE = {"metadata": {"name": "n1"}, "status": {"addresses": [{"type": "InternalIP", "address": "192.0.2.1"}]}}
CONFIG = {"metadata": {"name": "cilium-config", "namespace": "kube-system"}, "data": {"routing-mode": "tunnel"}}
LEASE = {"metadata": {"name": "cilium-l2announce-shop-web", "namespace": "kube-system"},
         "spec": {"holderIdentity": "n1"}}  # fmt: skip
POOL = {"metadata": {"name": "pool"}, "spec": {"blocks": [{"cidr": "192.0.2.64/26"}]}}


@pytest.fixture
def api(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with KubeApi(tmp_path) as running:
        for plural, one in (("pods", POD), ("nodes", NODE), ("configmaps", CONFIG), ("leases", LEASE),
                            ("ciliumloadbalancerippools", POOL)):  # fmt: skip
            running.put(plural, json.loads(json.dumps(one)))
        yield running


def access(api: KubeApi) -> KubeAccess:
    found = find_access(kubeconfig=api.kubeconfig)
    assert found is not None and found.insisted and found.context
    return found


def test_every_kind_is_listed_and_read_by_the_inventory(api):
    told = cluster_texts(access(api))
    assert told.warnings == () and "hunter2" not in "".join(told.texts.values())
    cluster = read_inventory(told.texts)
    assert [(pod.full_name, pod.ip, pod.node) for pod in cluster.pods] == [("shop/web-1", "10.0.1.7", "n1")]
    assert cluster.nodes[0].internal_ip == "192.0.2.1" and cluster.config == {"routing-mode": "tunnel"}
    assert cluster.pools == ("192.0.2.64/26",)  # found under v2alpha1, after v2 was not there
    assert '"holderIdentity": "n1"' in told.texts["kube-leases.json"]
    assert cluster.warnings == ()


def test_only_reading_and_never_a_secret(api):
    cluster_texts(access(api))
    assert {one.method for one in api.asked} == {"GET"}
    assert not [one.path for one in api.asked if "secret" in one.path]
    assert {one.path for one in api.asked if "configmaps" in one.path} == {
        "/api/v1/namespaces/kube-system/configmaps/cilium-config"
    }


def test_what_is_forbidden_costs_one_sentence_and_the_rest_is_there(api):
    api.refusals[("GET", r".*/(nodes|leases)$")] = (403, "Forbidden", 'nodes is forbidden: User "eve" cannot list')
    told = cluster_texts(access(api))
    (warning,) = told.warnings
    assert "not allowed to list Node, Lease" in warning and "captools agent manifest" in warning
    assert "kube-pods.json" in told.texts and "kube-nodes.json" not in told.texts


def test_a_server_that_is_not_there_is_one_sentence(api):
    found = access(api)
    api.server.shutdown()
    api.server.server_close()
    told = cluster_texts(found)
    assert told.texts == {} and len(told.warnings) == 1 and "refused" in told.warnings[0]


def test_a_context_is_found_or_the_known_ones_are_named(api, tmp_path, monkeypatch):
    name = access(api).context
    with pytest.raises(UsageError, match="no context 'other'") as error:
        find_access(context="other", kubeconfig=api.kubeconfig)
    assert name in str(error.value)
    with pytest.raises(UsageError, match="no context '--help'"):
        find_access(context="--help", kubeconfig=api.kubeconfig)
    assert find_access() is None and find_access(wanted=False, kubeconfig=api.kubeconfig) is None
    with pytest.raises(UsageError, match="no current context"):
        find_access(wanted=True)
    monkeypatch.setenv("KUBECONFIG", str(api.kubeconfig))
    assert find_access() == KubeAccess(program=shutil.which("kubectl") or "", context=name)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_access() is None
    with pytest.raises(ToolMissing, match="no kubectl"):
        find_access(wanted=True)


@pytest.mark.parametrize(
    ("names", "addresses", "same"),
    [(["n1"], [], True), (["box"], ["192.0.2.1"], True), (["box"], ["10.0.1.7", ""], False), ([], [], False)],
)
def test_a_cluster_concerns_machines_that_it_knows_as_nodes(names, addresses, same):
    text = json.dumps({"kind": "NodeList", "apiVersion": "v1", "items": [NODE]})
    assert concerns(read_inventory({"nodes.json": text}), names, addresses) is same
