"""Requests as people think of them: who asked, which proxy, from which address it asked whom, and how long it took."""

from __future__ import annotations

from dataclasses import dataclass

from captools.correlate.clocks import Clocks
from captools.correlate.evidence import Prover
from captools.correlate.http import Exchange, Message
from captools.correlate.proxy import Joined
from captools.correlate.sightings import Sightings
from captools.model.cluster import AddressKind, Cluster
from captools.model.evidence import Evidence
from captools.model.requests import Attempt, Backend, ClientLeg, Proxy, Request

_KINDS = {
    AddressKind.INGRESS: "ingress",
    AddressKind.NODE: "node",
    AddressKind.CILIUM_HOST: "cilium-host",
    AddressKind.POD: "pod",
}


@dataclass(frozen=True, slots=True)
class Teller:
    """Turns joined legs into :class:`Request` values."""

    rows: Sightings
    cluster: Cluster
    clocks: Clocks
    prover: Prover

    def request(self, joined: Joined) -> Request:
        """Return one request with everything that can be said of it."""
        client, last = joined.client, joined.attempts[-1] if joined.attempts else None
        message = client.request if client else last.request if last else None
        assert message is not None, "a joined request has at least one leg"
        node = self._proxy_node(client, last)
        attempts = tuple(self._attempt(one, node) for one in joined.attempts)
        answered = next((a for a in reversed(attempts) if a.status is not None), None)
        direct = client is not None and not attempts
        backend = attempts[-1].backend if attempts else self._direct_backend(client) if client else None
        proxy = None
        if attempts:
            proxy = Proxy(node=node, source_address=attempts[-1].src, source_kind=attempts[-1].source_kind)
        xff = last.request.xff if last else message.xff
        return Request(
            method=message.head["method"] or "",
            path=message.head["path"] or "",
            host=message.head["host"] or "",
            status=self._status(client, last),
            request_id=(last.request if last else message).head["request_id"],
            client=client.flow.src if client else (xff[-1] if xff else ""),
            xff=xff,
            client_leg=self._client_leg(client) if client else None,
            attempts=attempts,
            backend_leg=answered,
            proxy=proxy,
            backend=backend,
            gateway_ns=self._gateway_ns(client, last, node) if client and last else None,
            total_ns=self._total_ns(client or last),
            confidence=joined.confidence,
            evidence=self._evidence(client, joined.attempts),
            ts_ns=(client or last).request_ns(self.rows),  # type: ignore[union-attr]
            note=joined.note or (self._note(client) if direct and client else ""),
        )

    def _note(self, client: Exchange) -> str:
        """Say why there is no backend leg."""
        kind = self.cluster.kind(client.flow.dst)
        if kind is AddressKind.POD:
            return "straight to the pod: no proxy between them"
        server = client.response.header("server") if client.response else None
        if server == "envoy" and client.response and client.response.header("x-envoy-upstream-service-time") is None:
            return "answered by the proxy itself: Envoy says it asked no backend"
        return "no backend leg was captured"

    def _status(self, client: Exchange | None, last: Exchange | None) -> int | None:
        for one in (client, last):
            if one is not None and one.response is not None:
                status: int | None = one.response.head["status"]
                return status
        return None

    def _points(self, one: Exchange) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.rows.point(row) for row in one.request.rows))

    def _client_leg(self, one: Exchange) -> ClientLeg:
        flow = one.flow
        return ClientLeg(
            src=flow.src, sport=flow.sport or 0, dst=flow.dst, dport=flow.dport or 0, points=self._points(one)
        )

    def _attempt(self, one: Exchange, node: str | None) -> Attempt:
        flow = one.flow
        return Attempt(
            src=flow.src,
            sport=flow.sport or 0,
            dst=flow.dst,
            dport=flow.dport or 0,
            points=self._points(one),
            status=one.response.head["status"] if one.response else None,
            source_kind=_KINDS.get(self.cluster.kind(flow.src, node=node or ""), "other"),
            backend=self._backend(flow.dst, flow.dport or 0),
        )

    def _backend(self, address: str, port: int) -> Backend:
        pod, node = self.cluster.pod_of(address), self.cluster.node_of_pod_address(address)
        return Backend(ip=address, port=port, pod=pod.full_name if pod else None, node=node.name if node else None)

    def _direct_backend(self, client: Exchange) -> Backend | None:
        if self.cluster.kind(client.flow.dst) is not AddressKind.POD:
            return None
        return self._backend(client.flow.dst, client.flow.dport or 0)

    def _proxy_node(self, client: Exchange | None, last: Exchange | None) -> str | None:
        """Return the node on which the client leg ends: whose MAC the last frame of it is addressed to.

        Never found by looking the proxy's own address up: 10.0.2.15 is on every node (DESIGN section 3).
        """
        rows = self.rows
        if client is not None:
            ends = sorted(client.request.rows, key=lambda row: (rows["ttl"][row], -int(rows["ts_ns"][row])))
            for row in ends:
                owner = self.cluster.node_of_mac(rows.mac("eth_dst", row))
                if owner is not None and owner[0].in_cluster:
                    return owner[0].name
            node = rows.node(ends[0])
            here = self.cluster.node(node)
            if here is not None and here.in_cluster:
                return node
        if last is not None:
            found = [
                node.name
                for node in self.cluster.nodes
                if last.flow.src and last.flow.src in (node.ingress, node.cilium_host)
            ]
            if found:
                return found[0]
        return None

    def _on(self, node: str, message: Message | None) -> list[int]:
        """Return the times of a message at the points of one node."""
        if message is None:
            return []
        return [int(self.rows["ts_ns"][row]) for row in message.rows if self.rows.node(row) == node]

    def _gateway_ns(self, client: Exchange, last: Exchange, node: str | None) -> int | None:
        """Time inside the proxy node: from the client's request to the backend's, and back again."""
        if node is None:
            return None
        asked, forwarded = self._on(node, client.request), self._on(node, last.request)
        answered, returned = self._on(node, last.response), self._on(node, client.response)
        if not (asked and forwarded and answered and returned):
            return None
        spent = (min(forwarded) - max(asked)) + (min(returned) - max(answered))
        return spent if spent >= 0 else None

    def _total_ns(self, one: Exchange | None) -> int | None:
        """Time from request to answer at the point nearest to whoever asked."""
        if one is None or one.response is None:
            return None
        answers: dict[int, int] = {}
        for row in one.response.rows:
            answers.setdefault(int(self.rows["point"][row]), int(self.rows["ts_ns"][row]))
        for row in sorted(one.request.rows, key=lambda row: -int(self.rows["ttl"][row])):
            code = int(self.rows["point"][row])
            if code in answers:
                return answers[code] - int(self.rows["ts_ns"][row])
        return None

    def _evidence(self, client: Exchange | None, attempts: list[Exchange]) -> tuple[Evidence, ...]:
        proof: list[Evidence] = []
        legs = ([("client leg", client)] if client else []) + [("backend leg", one) for one in attempts]
        for name, one in legs:
            proof += self.prover.of(one.request.rows, f"the request on the {name}")
            if one.response is not None:
                proof += self.prover.of(one.response.rows, f"the answer on the {name}")
        return tuple(proof)


def best_first(requests: list[Request]) -> tuple[Request, ...]:
    """Sort requests by time."""
    return tuple(sorted(requests, key=lambda one: one.ts_ns))
