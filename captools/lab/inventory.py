"""The cluster as kubectl and cilium-dbg print it: the true facts of a lab, file name to JSON document. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from captools.lab.topology import (
    EVERY_POD,
    HTTP_PORT,
    LEADER,
    NATIVE_ROUTING_CIDR,
    NODES,
    PODS,
    VIP_DEDICATED,
    VIP_SHARED,
    VXLAN_PORT,
    WEBPODS,
    LabNode,
    LabPod,
    Mode,
    mac_of,
    pods_on,
)

# Allocated as in a real cluster; nothing answers there, because the lab has no socket load balancer.
SERVICES = (
    ("default", "webpod", "ClusterIP", "10.96.73.11", ""),
    ("default", "cilium-ingress-webpod", "LoadBalancer", "10.96.41.7", VIP_DEDICATED),
    ("kube-system", "cilium-ingress", "LoadBalancer", "10.96.187.20", VIP_SHARED),
)


def documents(
    mode: Mode, *, endpoint_routes: bool, public_keys: Mapping[str, str], pods: tuple[LabPod, ...] = PODS
) -> dict[str, dict[str, Any] | list[Any]]:
    """Return every inventory file of a lab. ``public_keys`` holds each node's WireGuard key, where there is one."""
    files: dict[str, dict[str, Any] | list[Any]] = {
        "pods.json": listing([_pod(pod) for pod in pods] + [_envoy_pod()]),
        "nodes.json": listing([_node(node) for node in NODES]),
        "services.json": listing([service(*one) for one in SERVICES]),
        "endpointslices.json": listing([endpoint_slice()]),
        "ciliumnodes.json": listing([_cilium_node(node, public_keys.get(node.name, "")) for node in NODES]),
        "ciliumendpoints.json": listing([_cilium_endpoint(pod) for pod in pods]),
        "ciliumidentities.json": listing(
            [_cilium_identity(pod) for pod in {pod.identity: pod for pod in pods}.values()]
        ),
        "cilium-config.json": _config(mode, endpoint_routes=endpoint_routes),
    }
    for node in NODES:
        files[f"{node.name}__cilium-endpoint-list.json"] = [_endpoint(pod) for pod in pods_on(node.name, pods)]
    return files


def listing(items: list[dict[str, Any]]) -> dict[str, Any]:
    """Return objects as the list that ``kubectl get -o json`` prints."""
    return {"apiVersion": "v1", "kind": "List", "items": items}


def _security_labels(pod: LabPod) -> dict[str, str]:
    return {
        "k8s:app": pod.app,
        "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name": pod.namespace,
        "k8s:io.cilium.k8s.policy.cluster": "default",
        "k8s:io.cilium.k8s.policy.serviceaccount": "default",
        "k8s:io.kubernetes.pod.namespace": pod.namespace,
    }


def _labellisting(pod: LabPod) -> list[str]:
    return [f"{key}={value}" for key, value in _security_labels(pod).items()]


def _endpoint_id(pod: LabPod) -> int:
    return 100 + EVERY_POD.index(pod)


def _pod(pod: LabPod) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": pod.name, "namespace": pod.namespace, "labels": {"app": pod.app}},
        "spec": {"nodeName": pod.node},
        "status": {"phase": "Running", "podIP": pod.ip, "podIPs": [{"ip": pod.ip}]},
    }


def _envoy_pod() -> dict[str, Any]:
    address = next(node.address for node in NODES if node.name == LEADER)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "cilium-envoy-9v7lq",
            "namespace": "kube-system",
            "labels": {"k8s-app": "cilium-envoy"},
        },
        "spec": {"nodeName": LEADER, "hostNetwork": True},
        "status": {"phase": "Running", "podIP": address, "hostIP": address, "podIPs": [{"ip": address}]},
    }


def _node(node: LabNode) -> dict[str, Any]:
    role = {"node-role.kubernetes.io/control-plane": ""} if node.control_plane else {}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": node.name, "labels": {"kubernetes.io/hostname": node.name} | role},
        "spec": {"podCIDR": node.pod_cidr, "podCIDRs": [node.pod_cidr]},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": node.address},
                {"type": "Hostname", "address": node.name},
            ]
        },
    }


def service(
    namespace: str,
    name: str,
    kind: str,
    cluster_ip: str,
    vip: str,
    *,
    port: int = HTTP_PORT,
    target_port: int = HTTP_PORT,
    app: str = "",
) -> dict[str, Any]:
    """Return one Service; ``vip`` is its load-balancer address, "" for none, ``app`` what its pods are labelled with."""
    spec: dict[str, Any] = {
        "type": kind,
        "clusterIP": cluster_ip,
        "clusterIPs": [cluster_ip],
        "ports": [{"name": "http", "protocol": "TCP", "port": port, "targetPort": target_port}],
    }
    if app or name == "webpod":
        spec["selector"] = {"app": app or "webpod"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
        "status": {"loadBalancer": {"ingress": [{"ip": vip}]} if vip else {}},
    }


def endpoint_slice(
    name: str = "webpod", pods: tuple[LabPod, ...] = WEBPODS, *, port: int = HTTP_PORT, namespace: str = "default"
) -> dict[str, Any]:
    """Return the EndpointSlice of one Service: the pods behind it, all on one port."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{name}-7xk2p",
            "namespace": namespace,
            "labels": {"kubernetes.io/service-name": name},
        },
        "addressType": "IPv4",
        "ports": [{"name": "http", "protocol": "TCP", "port": port}],
        "endpoints": [
            {
                "addresses": [pod.ip],
                "conditions": {"ready": True, "serving": True, "terminating": False},
                "nodeName": pod.node,
                "targetRef": {"kind": "Pod", "name": pod.name, "namespace": pod.namespace},
            }
            for pod in pods
        ],
    }


def _cilium_node(node: LabNode, public_key: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": node.name}
    if public_key:
        metadata["annotations"] = {"network.cilium.io/wg-pub-key": public_key}
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNode",
        "metadata": metadata,
        "spec": {
            "addresses": [
                {"type": "InternalIP", "ip": node.address},
                {"type": "CiliumInternalIP", "ip": node.cilium_host},
            ],
            "encryption": {"key": 255} if public_key else {},
            "ingress": {"ipv4": node.ingress},
            "ipam": {"podCIDRs": [node.pod_cidr]},
        },
    }


def _cilium_endpoint(pod: LabPod) -> dict[str, Any]:
    node = next(node for node in NODES if node.name == pod.node)
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumEndpoint",
        "metadata": {"name": pod.name, "namespace": pod.namespace},
        "status": {
            "id": _endpoint_id(pod),
            "external-identifiers": {
                "k8s-namespace": pod.namespace,
                "k8s-pod-name": pod.name,
                "pod-name": f"{pod.namespace}/{pod.name}",
            },
            "identity": {"id": pod.identity, "labels": _labellisting(pod)},
            "networking": {"addressing": [{"ipv4": pod.ip}], "node": node.address},
            "state": "ready",
        },
    }


def _cilium_identity(pod: LabPod) -> dict[str, Any]:
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumIdentity",
        "metadata": {"name": str(pod.identity)},
        "security-labels": _security_labels(pod),
    }


def _endpoint(pod: LabPod) -> dict[str, Any]:
    """One row of ``cilium-dbg endpoint list -o json``: the one place that ties a pod to its lxc device."""
    return {
        "id": _endpoint_id(pod),
        "status": {
            "external-identifiers": {
                "k8s-namespace": pod.namespace,
                "k8s-pod-name": pod.name,
                "pod-name": f"{pod.namespace}/{pod.name}",
            },
            "identity": {"id": pod.identity, "labels": _labellisting(pod)},
            "labels": {"security-relevant": _labellisting(pod)},
            "networking": {
                "addressing": [{"ipv4": pod.ip}],
                "interface-name": pod.interface,
                "container-interface-name": "eth0",
                "mac": mac_of(pod.name, "eth0"),
                "host-mac": mac_of(pod.name, "lxc"),
            },
            "state": "ready",
        },
    }


def _config(mode: Mode, *, endpoint_routes: bool) -> dict[str, Any]:
    """The ConfigMap: what is true of the lab, which forwards with the kernel's own stack and no eBPF at all."""
    data = {
        "routing-mode": "tunnel" if mode.tunnelled else "native",
        "auto-direct-node-routes": str(not mode.tunnelled).lower(),
        "ipv4-native-routing-cidr": NATIVE_ROUTING_CIDR,
        "enable-ipv4": "true",
        "enable-ipv6": "false",
        "enable-ipv4-masquerade": "true",
        "enable-bpf-masquerade": "false",
        "enable-endpoint-routes": str(endpoint_routes).lower(),
        "enable-host-legacy-routing": "true",
        "datapath-mode": "veth",
        "bpf-lb-acceleration": "disabled",
        "bpf-lb-sock": "false",
        "kube-proxy-replacement": "false",
        "enable-wireguard": str(mode.encrypted).lower(),
        "encrypt-node": "false",
        "cluster-name": "default",
        "cluster-id": "0",
    }
    if mode.tunnelled:
        data |= {"tunnel-protocol": "vxlan", "tunnel-port": str(VXLAN_PORT)}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "cilium-config", "namespace": "kube-system"},
        "data": data,
    }
