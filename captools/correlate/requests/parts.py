"""The parts of a request as values: its client leg, the proxy's attempts, the backend behind each."""

from __future__ import annotations

from captools.correlate.requests.exchanges import Exchange
from captools.correlate.requests.place import Places
from captools.correlate.requests.tls_legs import TlsConnection
from captools.model.cluster import AddressKind, Cluster
from captools.model.requests import Attempt, Backend, ClientLeg

_KINDS = {
    AddressKind.INGRESS: "ingress",
    AddressKind.NODE: "node",
    AddressKind.CILIUM_HOST: "cilium-host",
    AddressKind.POD: "pod",
}
_VERSIONS = {0x0301: "1.0", 0x0302: "1.1", 0x0303: "1.2", 0x0304: "1.3"}
_OUTSIDE = (AddressKind.INGRESS, AddressKind.CILIUM_HOST, AddressKind.NODE)


class Parts:
    """Makes the parts; what an address is, it asks the cluster once."""

    def __init__(self, places: Places, cluster: Cluster) -> None:
        self.places, self._cluster = places, cluster
        self._kinds: dict[tuple[str, str], AddressKind] = {}
        self._backends: dict[tuple[str, int], Backend] = {}
        self._attempts: dict[tuple[int, str | None], Attempt] = {}
        self._own = {address for node in cluster.nodes if node.in_cluster for address in node.local_addresses()}

    def kind(self, address: str, node: str | None = None) -> AddressKind:
        """Return what an address is, as seen from a node."""
        key = address, node or ""
        if key not in self._kinds:
            self._kinds[key] = self._cluster.kind(address, node=key[1])
        return self._kinds[key]

    def is_proxy(self, address: str) -> bool:
        """Tell whether a proxy, and no client, asks pods from an address."""
        return self.kind(address) in _OUTSIDE or address in self._own

    def source_kind(self, address: str, node: str | None) -> str:
        """Return the word for a source address: ingress node cilium-host pod other."""
        return _KINDS.get(self.kind(address, node), "other")

    def client_leg(self, one: Exchange, *, by_proxy: bool = False) -> ClientLeg:
        """Return the client's side of an exchange in clear; ``by_proxy``: its request carries what only proxies write."""
        flow = one.flow
        return ClientLeg(
            src=flow.src, sport=flow.sport or 0, dst=flow.dst, dport=flow.dport or 0,
            points=self.places.points(one.request.seen), by_proxy=by_proxy,
        )  # fmt: skip

    def attempt(self, one: Exchange, node: str | None) -> Attempt:
        """Return one try of a proxy on ``node``."""
        key = one.number, node
        if key not in self._attempts:
            self._attempts[key] = self._attempt(one, node)
        return self._attempts[key]

    def _attempt(self, one: Exchange, node: str | None) -> Attempt:
        flow, answer = one.flow, one.response
        return Attempt(
            src=flow.src,
            sport=flow.sport or 0,
            dst=flow.dst,
            dport=flow.dport or 0,
            points=self.places.points(one.request.seen),
            status=answer.status if answer else None,
            source_kind=self.source_kind(flow.src, node),
            backend=self.pod_behind(one) or self.backend(flow.dst, flow.dport or 0),
            result="answered" if answer else "reset" if one.reset_ns is not None else "no-answer",
            wait_ns=self.places.waited_ns(one.request.seen, answer.seen, node) if answer else None,
            host=one.request.host,
            path=one.request.path,
            whole=one.request.complete,
        )

    def pod_behind(self, one: Exchange) -> Backend | None:
        """Return the pod at which a connection ends, be it behind a service's address; None where no pod is known."""
        for flow in one.variants:
            if self.kind(flow.dst) is AddressKind.POD:
                return self.backend(flow.dst, flow.dport or 0)
        return None

    def backend(self, address: str, port: int) -> Backend:
        """Return who answers at an address."""
        key = address, port
        if key not in self._backends:
            pod, node = self._cluster.pod_of(address), self._cluster.node_of_pod_address(address)
            self._backends[key] = Backend(
                ip=address, port=port, pod=pod.full_name if pod else None, node=node.name if node else None
            )
        return self._backends[key]


def tls_leg(parts: Parts, one: TlsConnection) -> ClientLeg:
    """Return a TLS connection as a client leg."""
    flow = one.flow
    return ClientLeg(
        src=flow.src,
        sport=flow.sport or 0,
        dst=flow.dst,
        dport=flow.dport or 0,
        points=parts.places.points(one.hellos),
        sni=one.sni,
        alpn=one.alpn or (one.offered[0] if len(one.offered) == 1 else None),
        offered=one.offered,
        tls_version=_VERSIONS.get(one.version or 0),
        over_tls=True,
    )
