"""What is kept of the API server's objects: the keys that the inventory reads, and what a person looks up. Pure.

A pod's environment holds passwords, an annotation holds the whole object as it was applied, a route's filter may
set an Authorization header: nothing is kept that was not listed here. What changes by itself (resource versions,
heartbeats) is left out too, so that the lists of start and stop differ only where the cluster did.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

# A tree of keys: None keeps the whole value; "*" stands for every key.
Tree = Mapping[str, Any]

_METADATA: Tree = {
    "name": None, "namespace": None, "uid": None, "labels": None, "creationTimestamp": None, "deletionTimestamp": None,
    "annotations": None, "ownerReferences": {"kind": None, "name": None},
}  # fmt: skip
_CONDITIONS: Tree = {"type": None, "status": None, "reason": None}
_ROUTE: Tree = {
    "hostnames": None, "parentRefs": None,
    "rules": {"matches": None, "name": None,
              "backendRefs": {"group": None, "kind": None, "name": None, "namespace": None, "port": None, "weight": None}},
}  # fmt: skip

KEPT: Mapping[str, Tree] = {
    "Pod": {
        "spec": {"nodeName": None, "hostNetwork": None, "containers": {"name": None, "image": None, "ports": None}},
        "status": {"phase": None, "podIP": None, "podIPs": None, "hostIP": None, "startTime": None,
                   "conditions": _CONDITIONS},
    },
    "Node": {
        "spec": {"podCIDR": None, "podCIDRs": None, "unschedulable": None, "taints": None},
        "status": {"addresses": None, "conditions": {"type": None, "status": None},
                   "nodeInfo": {"kernelVersion": None, "osImage": None, "kubeletVersion": None,
                                "containerRuntimeVersion": None}},
    },
    "Service": {"spec": None, "status": None},
    "EndpointSlice": {"addressType": None, "endpoints": None, "ports": None},
    "CiliumNode": {"spec": {"addresses": None, "health": None, "ingress": None, "encryption": None, "bootid": None,
                            "ipam": {"podCIDRs": None, "pools": None}}},
    "CiliumEndpoint": {
        "status": {"id": None, "external-identifiers": None, "identity": None, "networking": None, "encryption": None,
                   "named-ports": None, "state": None},
    },
    "CiliumIdentity": {"security-labels": None},
    "ConfigMap": {"data": None},
    "Gateway": {
        "spec": {"gatewayClassName": None, "addresses": None,
                 "listeners": {"name": None, "hostname": None, "port": None, "protocol": None, "allowedRoutes": None,
                               "tls": {"mode": None}}},
        "status": {"addresses": None, "conditions": _CONDITIONS},
    },
    "HTTPRoute": {"spec": _ROUTE},
    "TLSRoute": {"spec": _ROUTE},
    "Ingress": {
        "spec": {"ingressClassName": None, "defaultBackend": None, "rules": None, "tls": {"hosts": None}},
        "status": {"loadBalancer": None},
    },
    "CiliumLoadBalancerIPPool": {"spec": None},
    "CiliumL2AnnouncementPolicy": {"spec": None},
    "Lease": {"spec": {"holderIdentity": None, "acquireTime": None, "leaseTransitions": None,
                       "leaseDurationSeconds": None}},
}  # fmt: skip

# cilium-dbg endpoint list -o json: its policies may match on header values.
ENDPOINTS: Tree = {
    "id": None,
    "status": {
        "external-identifiers": None, "identity": None, "labels": {"security-relevant": None}, "networking": None,
        "state": None,
    },
}  # fmt: skip

LEASES_OF_VIPS = "cilium-l2announce-"
_SECRET_KEY = re.compile(r"password|passwd|token|credential", re.IGNORECASE)


def kept_list(text: str, kind: str) -> str:
    """Return a list of ``kind`` with nothing but what is kept of its items; ValueError where it is no such list.

    Items are sorted by name and namespace: the API server gives no promise about order.
    """
    document = json.loads(text)
    if not isinstance(document, dict) or document.get("kind") not in (f"{kind}List", "List", kind):
        raise ValueError(f"no {kind}List")
    single = document.get("kind") == kind
    items = [document] if single else document.get("items") or []
    if not isinstance(items, list):
        raise ValueError(f"no items in the {kind}List")
    found = [_kept_object(item, kind) for item in items if isinstance(item, dict) and _wanted(item, kind)]
    found.sort(key=lambda one: (str(one["metadata"].get("namespace", "")), str(one["metadata"].get("name", ""))))
    version = str(document.get("apiVersion", "v1"))
    # One object per line, so that a person can search and compare.
    rows = ",\n".join(json.dumps(one, sort_keys=True) for one in found)
    return f'{{"apiVersion": {json.dumps(version)}, "kind": "{kind}List", "items": [\n{rows}\n]}}\n'


def _wanted(item: Mapping[str, Any], kind: str) -> bool:
    metadata = item.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return isinstance(name, str) and (kind != "Lease" or name.startswith(LEASES_OF_VIPS))


def _kept_object(item: Mapping[str, Any], kind: str) -> dict[str, Any]:
    found = {"kind": kind, "metadata": prune(item["metadata"], _METADATA), **prune(item, KEPT[kind])}
    notes = found["metadata"].pop("annotations", None)
    if isinstance(notes, dict):
        told = {key: value for key, value in notes.items() if "cilium" in key.partition("/")[0]}
        found["metadata"] |= {"annotations": told} if told else {}
    data = found.get("data")
    if kind == "ConfigMap" and isinstance(data, dict):
        found["data"] = {key: "" if _SECRET_KEY.search(key) else value for key, value in data.items()}
    return found


def prune(value: Any, tree: Tree | None) -> Any:
    """Return ``value`` with only the keys of ``tree``; each element of a list is treated alike."""
    if tree is None:
        return value
    if isinstance(value, list):
        return [prune(one, tree) for one in value]
    if not isinstance(value, dict):
        return {}
    return {key: prune(value[key], inner) for key, inner in tree.items() if key in value}


def kept_endpoints(text: str) -> str:
    """Return ``cilium-dbg endpoint list -o json`` with what is kept of it; ValueError where it is no list."""
    document = json.loads(text)
    if not isinstance(document, list):
        raise ValueError("no list of endpoints")
    return json.dumps([prune(one, ENDPOINTS) for one in document if isinstance(one, dict)], indent=0) + "\n"
