"""Who answered a request, and why a leg of it is missing: a proxy's own answer is told from one that was not captured.

That a proxy asked nobody is a negative statement. It rests on Envoy's own word (its answers name the backend's time
where there was one), or on the coverage of every interface by which a backend can be reached from the proxy's node.
"""

from __future__ import annotations

from collections.abc import Iterable

from captools.correlate.paths.coverage import Coverage
from captools.correlate.paths.directions import OUT
from captools.correlate.requests.heads import Message
from captools.correlate.requests.join import Joined
from captools.correlate.requests.legs import Leg
from captools.model.cluster import Cluster
from captools.model.evidence import Confidence
from captools.model.points import Role, role_of
from captools.model.requests import Backend
from captools.wire.bodies import Body

_SECOND = 1_000_000_000
_MOST_NAMED = 4
_ROADS = (Role.NIC, Role.TUNNEL, Role.WIREGUARD, Role.PODS)
_UPSTREAM_TIME = "x-envoy-upstream-service-time"
_WORDS = {
    301: "a redirect", 302: "a redirect", 307: "a redirect", 308: "a redirect", 400: "a request it did not accept",
    401: "no valid credentials", 403: "denied by policy", 404: "no route matches", 408: "the client was too slow",
    413: "the request was too large", 426: "it wants another protocol", 429: "rate limited",
    431: "the head was too large", 500: "an error of its own", 502: "no backend could be reached",
    503: "no backend could be reached", 504: "no backend answered in time",
}  # fmt: skip


def _hash(words: bytes) -> int | None:
    body = Body()
    body.feed((memoryview(words),), len(words))
    return body.value()


# What Envoy writes into answers of its own: Cilium's policy (cilium/proxy, cilium/l7policy.cc), the filters rbac and
# local_ratelimit.
_OWN_WORDS = {
    _hash(words): words.decode().strip()
    for words in (b"Access denied\r\n", b"RBAC: access denied", b"local_rate_limited")
}


class Silence:
    """Says who answered, and what is missing."""

    def __init__(self, cluster: Cluster, coverage: Coverage, joined: Iterable[Joined]) -> None:
        self._cluster, self._coverage = cluster, coverage
        self._known: dict[tuple[str, int], str] = {}
        # Envoy can be told to leave its headers out: then that one is missing proves nothing.
        self._mute = any(one.attempts and _answered(one) == "backend" and _wordless(one.client) for one in joined)

    def tell(self, joined: Joined, node: str | None, direct: Backend | None) -> tuple[str, str, Confidence]:
        """Return who answered (backend, proxy, unknown), the note of a request, and how sure the whole is."""
        if joined.possible_attempts and not joined.attempts:
            note = f"{_several(len(joined.possible_attempts), 'backend request')}: {_named(joined)}"
            return "unknown", note, joined.confidence
        if joined.attempts:
            return _answered(joined), self._note(joined), joined.confidence
        client = joined.client
        assert client is not None, "a joined request has at least one leg"
        answer = client.exchange.response
        door = self._shut_door(client, direct) if direct is not None and answer is not None else ""
        if direct is not None and not door:
            through = "" if direct.ip == client.exchange.flow.dst else f" behind {client.exchange.flow.dst}"
            proxy = "no proxy between them"
            if client.chain:
                proxy = "X-Forwarded-For was written by a proxy before this leg, or by the client itself"
            return ("backend" if answer else "unknown"), f"straight to the pod{through}: {proxy}", joined.confidence
        if answer is None:
            return "unknown", "no answer and no backend leg was captured", joined.confidence
        by, note, confidence = self._alone(client, answer, node, door)
        if by == "unknown" and joined.crowded:
            note = "too many requests like it at once to tell which backend request belongs to it"
        return by, note, joined.confidence if by == "unknown" else confidence

    def _note(self, joined: Joined) -> str:
        """Say what is odd about a request with a backend leg."""
        if joined.possible_seats:
            return f"{_several(len(joined.possible_seats), 'TLS connection')} of the client: {_named(joined)}"
        if joined.client is None and joined.seat is None:
            wanted = " (TLS, by x-forwarded-proto)" if joined.attempts[0].scheme == "https" else ""
            return f"the client leg{wanted} was not captured; the client is known by XFF only"
        last = joined.attempts[-1]
        if _answered(joined) == "backend" and _status(last) != _status(joined.client or last):
            return "the attempt whose answer the client got was not captured"
        if joined.client is not None and joined.client.by_proxy:
            return "its client leg was itself sent on by a proxy, by what its head says"
        return ""

    def _shut_door(self, client: Leg, direct: Backend) -> str:
        """Return the interface of the pod that was called, where that was listening and never saw the request.

        Then somebody on the way answered in its name, as Cilium's L7 policy does; "" where the pod may have done it.
        """
        pod, request = self._cluster.pod_of(direct.ip), client.exchange.request
        door = f"{pod.node}/{pod.interface}" if pod is not None and pod.interface else ""
        if not door or door in {self._coverage.rows.points[code] for code in request.seen.points}:
            return ""
        return "" if self._coverage.why_not_witness(door, request.ts_ns, direction=OUT) else door

    def _alone(self, client: Leg, answer: Message, node: str | None, door: str) -> tuple[str, str, Confidence]:
        """Tell the proxy's own answer from one whose backend leg was not captured; ``door``: see ``_shut_door``."""
        if answer.header(_UPSTREAM_TIME) is not None:
            note = "no backend leg was captured, although Envoy tells how long its backend took"
            return "unknown", note, Confidence.PROVEN
        blind, envoy = self._blind(node, answer.ts_ns), _wordless(client) and not self._mute
        if blind and not envoy and not door:
            return "unknown", f"no backend leg was captured: {blind}", Confidence.PROVEN
        why = f" ({_WORDS[answer.status]})" if answer.status in _WORDS else ""
        reasons = [f"the answer bears no {_UPSTREAM_TIME}, which Envoy adds where it asked a backend"] if envoy else []
        words = _OWN_WORDS.get(answer.body_hash) if envoy else None  # else a backend's own Envoy may have written them
        reasons += [f'its body is what Envoy itself writes, "{words}"'] if words else []
        reasons += [f"the request never reached {door}, the pod's own interface, which was listening"] if door else []
        reasons += [] if blind else [f"none of the interfaces of {node}, all captured, shows a backend leg"]
        sure = Confidence.PROVEN if len(reasons) > 1 else Confidence.LIKELY
        return "proxy", f"answered by the proxy itself{why}: {', and '.join(reasons)}", sure

    def _blind(self, node: str | None, at_ns: int) -> str:
        """Return why a backend leg may have left a node unseen; the empty string where it cannot have."""
        if node is None:
            return "whether a proxy was asked, and where it runs, is not known"
        key = node, at_ns // _SECOND
        if key not in self._known:
            self._known[key] = self._why_blind(node, at_ns)
        return self._known[key]

    def _why_blind(self, node: str, at_ns: int) -> str:
        here = self._cluster.node(node)
        roads = [link.name for link in (here.links if here else ()) if role_of(link.name, link.kind) in _ROADS]
        if not roads:
            return f"the interfaces of {node} are not known"
        reasons = (self._coverage.why_not_witness(f"{node}/{name}", at_ns) for name in roads)
        return next((reason for reason in reasons if reason), "")


def _answered(joined: Joined) -> str:
    """Tell whose answer the client got: a backend's, or the proxy's own instead of it."""
    ours, last = _status(joined.client or joined.attempts[-1]), _status(joined.attempts[-1])
    if ours is None:
        return "unknown"
    if ours == last or ours < 400:
        return "backend"
    return "proxy" if ours >= 500 else "unknown"


def _wordless(client: Leg | None) -> bool:
    """Tell whether Envoy answered a client without a word about a backend."""
    answer = client.exchange.response if client is not None else None
    return answer is not None and answer.header("server") == "envoy" and answer.header(_UPSTREAM_TIME) is None


def _status(leg: Leg) -> int | None:
    answer = leg.exchange.response
    return answer.status if answer is not None else None


def _several(count: int, what: str) -> str:
    return (
        f"{count} {what}s fit, and none can be chosen" if count > 1 else f"one {what} may belong to it, or to another"
    )


def _named(joined: Joined) -> str:
    flows = [one.exchange.flow for one in joined.possible_attempts] or [
        one.connection.flow for one in joined.possible_seats
    ]
    names = list(dict.fromkeys(f"{flow.src}:{flow.sport} to {flow.dst}" for flow in flows))
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
