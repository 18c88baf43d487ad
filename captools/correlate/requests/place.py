"""Where the legs of a request were seen, on which node the proxy between them runs, and how long it all took."""

from __future__ import annotations

from captools.correlate.requests.heads import Seen
from captools.correlate.sightings import Sightings
from captools.model.cluster import Cluster


class Places:
    """Answers about sightings, in time order, of a request and of its answer on each leg."""

    def __init__(self, rows: Sightings, cluster: Cluster) -> None:
        self._rows, self._cluster = rows, cluster
        self._nodes = [node if slash else "" for point in rows.points for node, slash, _ in [point.partition("/")]]
        self._ends: dict[int, str | None] = {}
        self._names: dict[tuple[int, ...], tuple[str, ...]] = {}

    def points(self, seen: Seen) -> tuple[str, ...]:
        """Return the points, each once."""
        codes = tuple(seen.points)
        if codes not in self._names:
            self._names[codes] = tuple(dict.fromkeys(self._rows.points[code] for code in codes))
        return self._names[codes]

    def end(self, connection: int, request: Seen) -> str | None:
        """Return the node on which a connection ends: whose MAC the last frame of a request is addressed to.

        Never found by looking the proxy's own address up: 10.0.2.15 is on every node (DESIGN section 3).
        """
        if connection not in self._ends:
            self._ends[connection] = self._end(request)
        return self._ends[connection]

    def _end(self, request: Seen) -> str | None:
        ends = sorted(range(len(request.rows)), key=lambda at: (request.ttl[at], -request.ts[at]))
        for at in ends:
            owner = self._cluster.node_of_mac(self._rows.mac("eth_dst", request.rows[at]))
            if owner is not None:
                return owner[0].name if owner[0].in_cluster else None
        node = self._cluster.node(self._nodes[request.points[ends[0]]])
        return node.name if node is not None and node.in_cluster else None

    def home(self, source: str) -> str | None:
        """Return the node that a source address belongs to, for those that one node alone can have."""
        owners = (node.name for node in self._cluster.nodes if source and source in (node.ingress, node.cilium_host))
        return next(owners, None)

    def beside(self, source: str, backend: str) -> str | None:
        """Return the node of a backend that answered to one of that node's own addresses, None where it was another's.

        Wherever else such an address exists, the answer ends on the backend's own node: there the proxy is. Said only of
        nodes with an ingress of Cilium's: another proxy may stand outside, behind a NAT of the node.
        """
        node = self._cluster.node_of_pod_address(backend)
        own = node is not None and node.ingress and source in node.local_addresses()
        return node.name if node is not None and own else None

    def _times(self, node: str, seen: Seen) -> list[int]:
        return [when for when, code in zip(seen.ts, seen.points, strict=True) if self._nodes[code] == node]

    def inside_ns(self, node: str | None, asked: Seen, forwarded: Seen, answered: Seen, returned: Seen) -> int | None:
        """Return the time inside the proxy: from the client's request to the backend's, and back, on its node's clock."""
        if node is None:
            return None
        into, on, back, out = (self._times(node, seen) for seen in (asked, forwarded, answered, returned))
        if not (into and on and back and out):
            return None
        before = [when for when in into if when <= on[0]]
        arrived = [when for when in back if when <= out[0]]
        if not before or not arrived:
            return None
        return on[0] - before[-1] + out[0] - arrived[-1]

    def waited_ns(self, asked: Seen, answered: Seen, node: str | None = None) -> int | None:
        """Return the time from request to answer at the point nearest to whoever asked, or at a node where that saw both.

        Where no point saw both (eBPF host routing passes pods' interfaces by), two points of one node do.
        """
        answers: dict[int, int] = {}
        for code, when in zip(answered.points, answered.ts, strict=True):
            answers.setdefault(code, when)
        near = [
            (self._nodes[code] != node, -asked.ttl[at], at) for at, code in enumerate(asked.points) if code in answers
        ]
        for _, _, at in sorted(near):
            if answers[asked.points[at]] >= asked.ts[at]:
                return answers[asked.points[at]] - asked.ts[at]
        return None if near else self._across_ns(asked, answered)

    def _across_ns(self, asked: Seen, answered: Seen) -> int | None:
        """Return the time from request to answer at two points of one node, of the node nearest to whoever asked."""
        for at in sorted(range(len(asked.rows)), key=lambda at: -asked.ttl[at]):
            node = self._nodes[asked.points[at]]
            came = [when for when in self._times(node, answered) if when >= asked.ts[at]]
            if node and came:
                return came[0] - asked.ts[at]
        return None
