"""What is kept of the API server's objects."""

from __future__ import annotations

import json

import pytest

from captools.collect.kube.kept import KEPT, kept_endpoints, kept_list
from captools.inventory.read import read_inventory

POD = {
    "metadata": {
        "name": "web-1", "namespace": "shop", "labels": {"app": "web"}, "resourceVersion": "9",
        "managedFields": [{"manager": "kubectl"}],
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": '{"env":"hunter2"}', "cilium.io/x": "1"},
    },
    "spec": {
        "nodeName": "n1",
        "containers": [{"name": "web", "env": [{"name": "PASSWORD", "value": "hunter2"}], "args": ["--token=hunter2"],
                        "ports": [{"containerPort": 80}]}],
        "initContainers": [{"name": "i", "env": [{"name": "P", "value": "hunter2"}]}],
        "volumes": [{"secret": {"secretName": "hunter2"}}],
    },
    "status": {"phase": "Running", "podIP": "10.0.1.7", "hostIP": "192.0.2.1",
               "containerStatuses": [{"state": {"terminated": {"message": "hunter2"}}}]},
}  # fmt: skip


def listed(kind: str, *items: object, version: str = "v1") -> str:
    return json.dumps({"kind": f"{kind}List", "apiVersion": version, "metadata": {"resourceVersion": "1"},
                       "items": list(items)})  # fmt: skip


def test_a_pod_keeps_its_place_and_labels_and_none_of_its_secrets():
    text = kept_list(listed("Pod", POD), "Pod")
    assert "hunter2" not in text and "managedFields" not in text
    kept = json.loads(text)["items"][0]
    assert kept["metadata"] == {"name": "web-1", "namespace": "shop", "labels": {"app": "web"},
                                "annotations": {"cilium.io/x": "1"}}  # fmt: skip
    assert kept["spec"]["containers"] == [{"name": "web", "ports": [{"containerPort": 80}]}]
    (pod,) = read_inventory({"kube-pods.json": text}).pods
    assert (pod.full_name, pod.ip, pod.node) == ("shop/web-1", "10.0.1.7", "n1")


def test_a_header_that_a_route_sets_and_a_password_in_the_configuration_are_left_out():
    route = {"metadata": {"name": "r", "namespace": "shop"}, "spec": {"hostnames": ["a.example"], "rules": [
        {"filters": [{"requestHeaderModifier": {"set": [{"name": "authorization", "value": "hunter2"}]}}],
         "backendRefs": [{"name": "web", "port": 80, "filters": [{"x": "hunter2"}]}]}]}}  # fmt: skip
    text = kept_list(listed("HTTPRoute", route, version="gateway.networking.k8s.io/v1"), "HTTPRoute")
    assert "hunter2" not in text
    (found,) = read_inventory({"r.json": text}).routes
    assert found.rules[0].targets[0].service == "web"
    config = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "cilium-config", "namespace": "kube-system"},
              "data": {"routing-mode": "tunnel", "etcd-password": "hunter2"}}  # fmt: skip
    text = kept_list(json.dumps(config), "ConfigMap")
    assert "hunter2" not in text and read_inventory({"c.json": text}).config["routing-mode"] == "tunnel"


def test_what_changes_by_itself_makes_no_difference():
    later = json.loads(json.dumps(POD))
    later["metadata"]["resourceVersion"] = "10"
    other = {"metadata": {"name": "a", "namespace": "shop"}}
    assert kept_list(listed("Pod", POD, other), "Pod") == kept_list(listed("Pod", other, later), "Pod")
    lease = {"metadata": {"name": "cilium-l2announce-shop-web"}, "spec": {"holderIdentity": "n1", "renewTime": "1"}}
    beat = {"metadata": {"name": "cilium-l2announce-shop-web"}, "spec": {"holderIdentity": "n1", "renewTime": "2"}}
    operator = {"metadata": {"name": "cilium-operator"}, "spec": {"holderIdentity": "x"}}
    text = kept_list(listed("Lease", lease, operator), "Lease")
    assert text == kept_list(listed("Lease", beat), "Lease") and '"holderIdentity": "n1"' in text


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind": "Status"}', '{"kind": "PodList", "items": 3}', "\x00"])
def test_what_is_no_such_list_is_a_value_error(text):
    with pytest.raises(ValueError):
        kept_list(text, "Pod")


@pytest.mark.parametrize("item", [3, None, {}, {"metadata": 3}, {"metadata": {"name": 4}},
                                  {"metadata": {"name": "x", "labels": 3}, "spec": [], "status": "x", "data": 7}])  # fmt: skip
def test_objects_of_any_shape_are_kept_or_left_out(item):
    for kind in KEPT:
        json.loads(kept_list(listed(kind, item), kind))


def test_endpoints_keep_device_and_identity_and_not_their_policy():
    endpoint = {"id": 7, "spec": {"options": {}}, "status": {
        "identity": {"id": 5000, "labels": ["k8s:app=web"]}, "policy": {"realized": {"l4": "hunter2"}},
        "external-identifiers": {"k8s-namespace": "shop", "k8s-pod-name": "web-1"},
        "networking": {"addressing": [{"ipv4": "10.0.1.7"}], "interface-name": "lxc9"}}}  # fmt: skip
    text = kept_endpoints(json.dumps([endpoint]))
    assert "hunter2" not in text
    (pod,) = read_inventory({"n1__cilium-endpoints.json": text}).pods
    assert (pod.interface, pod.identity) == ("lxc9", 5000)
