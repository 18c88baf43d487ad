"""Pods that call backends themselves, as they do where the socket's own load balancer chose at connect() (FACTS, section 4).

No service address is on the wire then: which Service was meant only the inventory tells, and Hubble's events of the socket.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest

from captools.correlate.paths.bpf import Header, passes
from captools.correlate.services.distribution import Balancer, Candidate, Choice, distribution
from captools.correlate.services.policy import choosing
from captools.model.cluster import Cluster, Service
from captools.model.evidence import Confidence, Evidence
from captools.model.packets import Proto
from captools.model.paths import Path, Way
from captools.model.services import Distribution
from captools.model.sources import Source

_SHOWS = "a connection opened straight to a backend"
_FRAMES = 3  # connections shown as evidence, of each backend


@dataclass(frozen=True)
class Callers:
    """What is needed to judge what pods call: ``proxied`` are the sockets that a proxy opened for requests."""

    cluster: Cluster
    sources: Sequence[Source]
    proxied: frozenset[tuple[str, int]]

    def distributions(self, paths: Sequence[Path], chosen: str) -> Iterator[Distribution]:
        """Yield how connections of pods fell on backends that they called without a service address."""
        called: dict[str, list[Path]] = defaultdict(list)
        for path in paths:
            if path.flow.proto == Proto.TCP and (path.flow.src, path.flow.sport or 0) not in self.proxied:
                called[path.flow.dst].append(path)
        callers = {path.flow.src for members in called.values() for path in members}
        own_choice = {address for address in callers if self._chooses(address)}
        for services, backends, ports in _backends(self.cluster):
            calls = [
                path
                for address in backends
                for path in called.get(address, ())
                if path.flow.dport in ports and path.flow.src in own_choice
            ]
            # One backend alone is rather called by its own address.
            several = len({path.flow.dst for path in calls}) > 1
            found = self._one(services, backends, calls, chosen) if several else None
            if found is not None:
                yield found

    def _chooses(self, address: str) -> bool:
        """Tell whether the sockets of a pod are known to choose backends, by its node's settings or by Hubble."""
        pod = self.cluster.pod_of(address)
        if pod is None:
            return False
        told = pod.full_name in self._choosers
        spared = self.cluster.config.get("bpf-lb-sock-hostns-only") == "true"
        return told or (self.cluster.datapath(pod.node).socket_lb == "on" and not spared)

    def _one(
        self, services: list[Service], backends: tuple[str, ...], calls: list[Path], chosen: str
    ) -> Distribution | None:
        called = [one for one in services if self._called(one, {path.flow.src for path in calls})] or services
        points, blind = self._own_points(backends, calls)
        ports = {path.flow.dport for path in calls}
        return distribution(
            Balancer(
                what="connection",
                name=" or ".join(one.full_name for one in called),
                address="",
                port=ports.pop() if len(ports) == 1 else None,
                node="",
                confidence=Confidence.LIKELY if len(called) == 1 else Confidence.POSSIBLE,
                named_by=self._named_by(called, {path.flow.src for path in calls}),
                points=points,
                evidence=_proof(calls),
            ),
            [candidate(self.cluster, address) for address in backends],
            [Choice(ts_ns=path.first_ns, client=path.flow.src, key=path.flow.dst) for path in calls],
            choosing(self.cluster, called[0], inside=True),
            biased=chosen or blind,
        )

    def _called(self, service: Service, clients: set[str]) -> bool:
        """Tell whether Hubble saw a socket of one of the clients call an address of the service."""
        pods = {pod.full_name for address in clients if (pod := self.cluster.pod_of(address))}
        return any(pod in pods and address in service.addresses for pod, address in self._asked)

    @cached_property
    def _choosers(self) -> frozenset[str]:
        """The pods of which Hubble saw a socket choose; its log is gone through once, however many callers there are."""
        return frozenset(one.src.pod for one in self.cluster.hubble if one.post_translation)

    @cached_property
    def _asked(self) -> frozenset[tuple[str, str]]:
        """Which addresses Hubble saw the sockets of which pods call, before a backend was chosen."""
        return frozenset((one.src.pod, one.dst.ip) for one in self.cluster.hubble if one.pre_translation)

    def _named_by(self, called: list[Service], clients: set[str]) -> str:
        """Say how the service is known: by what Hubble saw the sockets call, else by whose backends these are."""
        if any(self._called(one, clients) for one in called):
            return f"Hubble saw the sockets call {called[0].addresses[0]}"
        return (
            "these are its backends by the EndpointSlices, and the socket load balancer of Cilium is on; clients that call "
            "pods by their own addresses look the same"
        )

    def _own_points(self, backends: tuple[str, ...], calls: list[Path]) -> tuple[tuple[str, ...], str]:
        """Return the clients' own interfaces, and why they may not show all calls, if so.

        Anywhere else only calls to some backends pass by: what is seen there is no fair sample.
        """
        points: list[str] = []
        for address in sorted({path.flow.src for path in calls}):
            pod = self.cluster.pod_of(address)
            point = f"{pod.node}/{pod.interface}" if pod and pod.interface else ""
            mine = [path for path in calls if path.flow.src == address]
            if not point or not all(point in path.points for path in mine):
                return tuple(points), f"not all calls of {address} were seen at its own interface"
            points.append(point)
            for source in (one for one in self.sources if one.point == point):
                if source.match or not all(_lets_by(source, mine[0], backend) for backend in backends):
                    return tuple(points), f"the filter of {point} may hide calls to some of the backends"
        return tuple(points), ""


def _backends(cluster: Cluster) -> Iterator[tuple[list[Service], tuple[str, ...], frozenset[int]]]:
    """Yield the services that share the same two or more backends, those addresses and the ports served there."""
    groups: dict[tuple[tuple[str, ...], frozenset[int]], list[Service]] = defaultdict(list)
    for one in cluster.services:
        if len(one.backends) > 1 and one.addresses:
            groups[tuple(sorted(one.backends)), frozenset(target for _, target in one.ports)].append(one)
    for (backends, ports), services in groups.items():
        yield services, backends, ports


def _lets_by(source: Source, call: Path, backend: str) -> bool:
    header = Header(src=call.flow.src, dst=backend, proto=call.flow.proto, sport=call.flow.sport, dport=call.flow.dport)
    return passes(source.user_filter, header) is True


def candidate(cluster: Cluster, address: str) -> Candidate:
    """Return a backend as one that could be chosen, by name where one is known."""
    pod = cluster.pod_of(address)
    return Candidate(key=address, name=pod.full_name if pod else address, address=address, node=pod.node if pod else "")


def _proof(calls: list[Path]) -> tuple[Evidence, ...]:
    """Return the first frames of some connections to each backend, of one after the other."""
    shown: dict[str, list[Evidence]] = defaultdict(list)
    for path in calls:
        hops = path.ways(Way.FORWARD)
        if hops and len(shown[path.flow.dst]) < _FRAMES:
            shown[path.flow.dst] += [one.saying(_SHOWS) for one in hops[0].evidence[:1]]
    return tuple(one for some in zip_longest(*shown.values()) for one in some if one is not None)
