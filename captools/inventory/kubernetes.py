"""What ``kubectl get … -o json`` says: pods, nodes, services, endpointslices, routes, cilium-config, Cilium's CRDs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from captools.inventory.facts import Backends, Facts, PodFact, ServiceFact
from captools.inventory.gateway import read_gateway, read_http_route, read_ingress, read_tls_route
from captools.inventory.pools import read_pool
from captools.inventory.values import (
    NotAsClaimed,
    address,
    at,
    clean,
    list_at,
    number,
    parse_json,
    prefix,
    text_at,
    texts_at,
)
from captools.model.cluster import Node, Service

_L2_LEASE = "cilium-l2announce-"
_OVER = ("Succeeded", "Failed")  # a pod that is over no longer owns its address


def read_kubectl_json(text: str, node: str) -> Facts:
    """Read a list, a ``kind: List`` of mixed kinds, or one object; other kinds are passed over."""
    document = parse_json(text)
    if not isinstance(document, dict):
        raise NotAsClaimed("no JSON object, which is what kubectl -o json prints")
    facts = Facts()
    kind = text_at(document, "kind")
    for item, its_kind in _objects(document, kind):
        reader = _READERS.get(its_kind)
        if reader is not None:
            reader(item, facts)
    return facts


def _objects(document: dict[str, Any], kind: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield (object, kind); items of a PodList from the API itself carry no kind of their own."""
    if not isinstance(document.get("items"), list):
        yield document, kind
        return
    inherited = kind.removesuffix("List")
    for item in document["items"]:
        if isinstance(item, dict):
            yield item, text_at(item, "kind") or inherited


def _name(item: object) -> tuple[str, str]:
    return text_at(item, "metadata", "namespace"), text_at(item, "metadata", "name")


def _addresses(values: list[Any], key: str = "ip") -> list[str]:
    return [ip for one in values if (ip := address(at(one, key)))]


def _pod(item: dict[str, Any], facts: Facts) -> None:
    status, (namespace, name) = at(item, "status"), _name(item)
    if not name or text_at(status, "phase") in _OVER:
        return
    host_network = at(item, "spec", "hostNetwork") is True
    found = _addresses(list_at(status, "podIPs")) or [address(at(status, "podIP"))]
    node = text_at(item, "spec", "nodeName")
    if node:
        facts.nodes.append(Node(name=node, in_cluster=True))
    for ip in found:
        facts.pods.append(
            PodFact(
                namespace=namespace,
                name=name,
                ip=ip,
                node=node,
                host_ip=address(at(status, "hostIP")),
                host_network=host_network,
                kube_labels=_pairs(at(item, "metadata", "labels")),
            )
        )


def _pairs(labels: object) -> tuple[tuple[str, str], ...]:
    """Return a map of labels as sorted pairs."""
    found = labels.items() if isinstance(labels, dict) else ()
    return tuple(sorted((clean(key), clean(value)) for key, value in found if clean(key)))


def _node(item: dict[str, Any], facts: Facts) -> None:
    _, name = _name(item)
    if not name:
        return
    internal = [one for one in list_at(item, "status", "addresses") if at(one, "type") == "InternalIP"]
    ips = _addresses(internal, "address")
    facts.nodes.append(Node(name=name, internal_ip=ips[0] if ips else "", in_cluster=True))
    listed = texts_at(item, "spec", "podCIDRs") or (text_at(item, "spec", "podCIDR"),)
    facts.kube_pod_cidrs[name] = tuple(filter(None, map(prefix, listed)))


def _cilium_node(item: dict[str, Any], facts: Facts) -> None:
    _, name = _name(item)
    if not name:
        return
    addresses = list_at(item, "spec", "addresses")

    def first(kind: str) -> str:
        return next(iter(_addresses([one for one in addresses if at(one, "type") == kind])), "")

    cidrs = list(list_at(item, "spec", "ipam", "podCIDRs"))
    for pool in list_at(item, "spec", "ipam", "pools", "allocated"):
        cidrs.extend(list_at(pool, "cidrs"))
    ingress = at(item, "spec", "ingress")
    facts.nodes.append(
        Node(
            name=name,
            internal_ip=first("InternalIP"),
            cilium_host=first("CiliumInternalIP"),
            ingress=address(at(ingress, "ipv4")) or address(at(ingress, "ipv6")),
            pod_cidrs=tuple(filter(None, map(prefix, cidrs))),
            in_cluster=True,
        )
    )


def _cilium_endpoint(item: dict[str, Any], facts: Facts) -> None:
    status, (namespace, name) = at(item, "status"), _name(item)
    identity = number(at(status, "identity", "id"))
    labels = tuple(sorted(texts_at(status, "identity", "labels")))
    if identity is not None and labels:
        facts.identities[identity] = labels
    for pair in list_at(status, "networking", "addressing"):
        for ip in filter(None, (address(at(pair, "ipv4")), address(at(pair, "ipv6")))):
            if name:
                facts.pods.append(
                    PodFact(
                        namespace=namespace,
                        name=name,
                        ip=ip,
                        host_ip=address(at(status, "networking", "node")),
                        identity=identity,
                        labels=labels,
                        host_network=False,  # Cilium makes endpoints of pods in the pod network only
                    )
                )


def _cilium_identity(item: dict[str, Any], facts: Facts) -> None:
    identity, labels = number(_name(item)[1]), at(item, "security-labels")
    if identity is not None and isinstance(labels, dict):
        words = ((clean(key), clean(value)) for key, value in labels.items())
        facts.identities[identity] = tuple(sorted(f"{key}={value}" if value else key for key, value in words if key))


def _service(item: dict[str, Any], facts: Facts) -> None:
    spec, (namespace, name) = at(item, "spec"), _name(item)
    if not name:
        return
    cluster_ips = list_at(spec, "clusterIPs") or [at(spec, "clusterIP")]  # headless ones read "None": no address
    vips = _addresses(list_at(item, "status", "loadBalancer", "ingress"))
    vips += [ip for one in list_at(spec, "externalIPs") if (ip := address(one))]
    ports, named = [], []
    for one in list_at(spec, "ports"):
        port, target = number(at(one, "port")), at(one, "targetPort")
        if port is None:
            continue
        where = port if target is None else number(target)
        if where is None:
            named.append((port, text_at(one, "name"), clean(target)))
        else:
            ports.append((port, where))
    service = Service(
        namespace=namespace,
        name=name,
        cluster_ips=tuple(ip for one in cluster_ips if (ip := address(one))),
        vips=tuple(dict.fromkeys(vips)),
        ports=tuple(ports),
        node_ports=_node_ports(spec),
        sticky=at(spec, "sessionAffinity") == "ClientIP",
        local_outside=at(spec, "externalTrafficPolicy") == "Local",
        local_inside=at(spec, "internalTrafficPolicy") == "Local",
        selector=_pairs(at(spec, "selector")),
    )
    facts.services.append(ServiceFact(service=service, named_ports=tuple(named)))


def _node_ports(spec: object) -> tuple[tuple[int, int], ...]:
    """Return (port on every node, port) of those ports that have one."""
    pairs = [(number(at(one, "nodePort")), number(at(one, "port"))) for one in list_at(spec, "ports")]
    return tuple((node, port) for node, port in pairs if node and port is not None)


def _endpoint_slice(item: dict[str, Any], facts: Facts) -> None:
    namespace, _ = _name(item)
    service = text_at(item, "metadata", "labels", "kubernetes.io/service-name")
    if not service:
        return
    found: list[str] = []
    for one in list_at(item, "endpoints"):
        # An absent condition counts as ready (discovery.k8s.io/v1 EndpointConditions).
        if at(one, "conditions", "ready") is not False:
            found.extend(ip for text in list_at(one, "addresses") if (ip := address(text)))
    numbers = {text_at(one, "name"): number(at(one, "port")) for one in list_at(item, "ports")}
    facts.backends.append(
        Backends(
            namespace=namespace,
            service=service,
            addresses=tuple(dict.fromkeys(found)),
            ports={name: port for name, port in numbers.items() if port is not None},
        )
    )


def _config_map(item: dict[str, Any], facts: Facts) -> None:
    data = at(item, "data")
    if _name(item)[1] == "cilium-config" and isinstance(data, dict):
        facts.config.update({clean(key): clean(value) for key, value in data.items() if clean(key)})


def _lease(item: dict[str, Any], facts: Facts) -> None:
    """Read who answers for a service's address (V/pkg/l2announcer: one Lease per service, its holder a node)."""
    name, holder = _name(item)[1], text_at(item, "spec", "holderIdentity")
    if name.startswith(_L2_LEASE) and holder:
        facts.leases.append((name.removeprefix(_L2_LEASE), holder))


_READERS = {
    "Pod": _pod, "Node": _node, "Service": _service, "EndpointSlice": _endpoint_slice, "ConfigMap": _config_map,
    "CiliumNode": _cilium_node, "CiliumEndpoint": _cilium_endpoint, "CiliumIdentity": _cilium_identity,
    "Gateway": read_gateway, "HTTPRoute": read_http_route, "TLSRoute": read_tls_route, "Ingress": read_ingress,
    "CiliumLoadBalancerIPPool": read_pool, "Lease": _lease,
}  # fmt: skip
