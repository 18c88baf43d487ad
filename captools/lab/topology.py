"""The lab's cluster as data: the machines, pods and addresses of the SCENARIOS page. Pure: nothing is built here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

NATIVE_ROUTING_CIDR = "172.20.0.0/16"
NAT_ADDRESS = "10.0.2.15"  # every machine's eth0, as VirtualBox and Vagrant give it
NAT_GATEWAY = "10.0.2.2"
VIP_SHARED = "192.168.10.211"
VIP_DEDICATED = "192.168.10.212"
LEADER = "k8s-w1"  # announces the VIPs and runs Envoy
WIREGUARD_PORT = 51871
VXLAN_PORT = 8472
INGRESS_IDENTITY = 8  # reserved:ingress
REMOTE_NODE_IDENTITY = 6  # what a node's own traffic carries in the tunnel
HTTP_PORT = 80
HTTPS_PORT = 443  # of Envoy
POD_TLS_PORT = 8443  # of a webpod that ends TLS itself
TLS_PASSED = "passed.lab.test"  # the name that Envoy passes on unopened


class Mode(StrEnum):
    """How pod packets travel between nodes."""

    NATIVE = "native"
    NATIVE_BROKEN = "native-broken"  # the router has no route for the pod CIDR of k8s-w0 (S1)
    VXLAN = "vxlan"
    WIREGUARD = "wireguard"
    WIREGUARD_LEAK = "wireguard-leak"  # k8s-ctr -> k8s-w1 is not steered into WireGuard
    DUAL = "dual"  # VXLAN inside WireGuard, as Cilium does it in tunnel mode since 1.15

    @property
    def encrypted(self) -> bool:
        """Tell whether the nodes run WireGuard."""
        return self in (Mode.WIREGUARD, Mode.WIREGUARD_LEAK, Mode.DUAL)

    @property
    def tunnelled(self) -> bool:
        """Tell whether pod packets travel in VXLAN."""
        return self in (Mode.VXLAN, Mode.DUAL)

    @property
    def pod_mtu(self) -> int:
        """MTU of a pod's default route: VXLAN takes 50 bytes, WireGuard 80 (FACTS, sections 1 and 10)."""
        return 1500 - (80 if self.encrypted else 0) - (50 if self.tunnelled else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabNode:
    """One Kubernetes node. ``gateway`` is the router's address on its subnet, ``user`` who logs in by ssh."""

    name: str
    address: str
    gateway: str
    pod_cidr: str
    cilium_host: str
    ingress: str
    user: str = "root"
    control_plane: bool = False

    @property
    def subnet(self) -> str:
        """The /24 the node's eth1 is on."""
        return self.address.rpartition(".")[0] + ".0/24"

    @property
    def tunnel_neighbour(self) -> str:
        """The link-local next hop that stands for this node on the other nodes' cilium_vxlan."""
        return "169.254." + ".".join(self.address.split(".")[2:])


@dataclass(frozen=True, slots=True, kw_only=True)
class LabPod:
    """One pod; ``serves`` tells whether the whoami server runs in it."""

    name: str
    node: str
    ip: str
    identity: int
    app: str
    serves: bool
    namespace: str = "default"
    port: int = HTTP_PORT  # of what it serves
    paths: tuple[str, ...] = ()  # the only ones it serves; none: it serves any

    @property
    def interface(self) -> str:
        """The pod's lxc device on its node: stable, made from the pod's name (15 characters, the kernel's limit)."""
        return "lxc" + sha256(f"{self.namespace}/{self.name}".encode()).hexdigest()[:12]


def mac_of(machine: str, interface: str) -> str:
    """Return the stable, locally administered MAC address of one interface."""
    digest = sha256(f"{machine}/{interface}".encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (0x0A, *digest[:5]))


NODES = (
    LabNode(
        name="k8s-ctr", address="192.168.10.100", gateway="192.168.10.200", pod_cidr="172.20.0.0/24",
        cilium_host="172.20.0.43", ingress="172.20.0.248", control_plane=True,
    ),
    LabNode(
        name="k8s-w1", address="192.168.10.101", gateway="192.168.10.200", pod_cidr="172.20.1.0/24",
        cilium_host="172.20.1.12", ingress="172.20.1.35",
    ),
    LabNode(
        name="k8s-w0", address="192.168.20.100", gateway="192.168.20.200", pod_cidr="172.20.2.0/24",
        cilium_host="172.20.2.241", ingress="172.20.2.99", user="vagrant",
    ),
)  # fmt: skip

ROUTER = "router"
ROUTER_ADDRESSES = {
    "eth1": "192.168.10.200",
    "eth2": "192.168.20.200",
    "loop1": "10.10.1.200",
    "loop2": "10.10.2.200",
}
MACHINES = (*(node.name for node in NODES), ROUTER)

CURL_POD = LabPod(name="curl-pod", node="k8s-ctr", ip="172.20.0.88", identity=45966, app="curl", serves=False)
WEBPODS = (
    LabPod(
        name="webpod-697b545f57-fz9cl", node="k8s-ctr", ip="172.20.0.121", identity=62886, app="webpod", serves=True
    ),
    LabPod(name="webpod-697b545f57-2dg5m", node="k8s-w1", ip="172.20.1.108", identity=62886, app="webpod", serves=True),
    LabPod(name="webpod-697b545f57-xm4vk", node="k8s-w0", ip="172.20.2.33", identity=62886, app="webpod", serves=True),
)
PODS = (CURL_POD, *WEBPODS)
PRODUCTPAGE = LabPod(
    name="productpage-v1-54bb874995-lnr7k", node="k8s-w1", ip="172.20.1.102", identity=13120, app="productpage",
    serves=True, port=9080, paths=("/", "/productpage"),
)  # fmt: skip
DETAILS = LabPod(
    name="details-v1-766844796b-9x2lq", node="k8s-w0", ip="172.20.2.176", identity=28051, app="details",
    serves=True, port=9080, paths=("/details/0", "/details/1"),
)  # fmt: skip
BOOKINFO = (PRODUCTPAGE, DETAILS)  # only where a scenario asks for them
COREDNS = LabPod(
    name="coredns-674b8bbfcf-q6tzd", node="k8s-w1", ip="172.20.1.53", identity=20417, app="kube-dns", serves=False,
    namespace="kube-system",
)  # fmt: skip
EVERY_POD = (*PODS, *BOOKINFO, COREDNS)


def node_called(name: str) -> LabNode:
    """Return the node called ``name``; KeyError where there is none."""
    for node in NODES:
        if node.name == name:
            return node
    raise KeyError(name)


def pods_on(node: str, pods: tuple[LabPod, ...] = PODS) -> tuple[LabPod, ...]:
    """Return those of ``pods`` that run on one node, in the order they were created."""
    return tuple(pod for pod in pods if pod.node == node)


def webpod_on(node: str) -> LabPod:
    """Return the webpod of one node; KeyError where there is none."""
    for pod in WEBPODS:
        if pod.node == node:
            return pod
    raise KeyError(node)
