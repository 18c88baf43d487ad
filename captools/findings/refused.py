"""refused: a conversation was turned away at once, by a TCP reset or an ICMP error, and by whom; no timeout."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from captools.findings._words import MAX_EVIDENCE, counted, listed, named, proof, typed
from captools.model.analysis import Analysis
from captools.model.cluster import Cluster
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.flows import Flow, proto_name
from captools.model.packets import Proto
from captools.model.paths import Path, Refusal, Way
from captools.model.units import duration

# RFC 792 and RFC 1122, section 3.2.2.1; RFC 1812, section 5.2.7.1; the second list is RFC 4443, section 3.1.
_CODES_4 = {0: "network unreachable", 1: "host unreachable", 2: "protocol unreachable", 3: "port unreachable",
            5: "source route failed", 9: "network administratively prohibited",
            10: "host administratively prohibited", 13: "communication administratively prohibited"}  # fmt: skip
_CODES_6 = {0: "no route", 1: "administratively prohibited", 3: "address unreachable", 4: "port unreachable",
            5: "source address failed policy", 6: "reject route"}  # fmt: skip
_PORT_4, _PORT_6 = 3, 4
_UNROUTED = ("network unreachable", "host unreachable", "no route", "address unreachable")
_TRACEROUTE = range(33434, 33535)  # UDP ports that traceroute(8) asks for, so that they are refused
_NODE_PORTS = range(30000, 32768)  # Kubernetes' default: behind a node's address there stands a backend
_DNS_PORT = 53  # an answer that comes too late is refused by the client's own host: nothing is wrong with the service


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refuser:
    """Who refused. ``node``: where it was done; ``itself``: by the very one that was asked; "" and None where unknown."""

    node: str
    itself: bool | None


def _judge(analysis: Analysis) -> Iterator[Finding]:
    groups: dict[tuple[object, ...], list[tuple[Path, Refusal]]] = defaultdict(list)
    whose, by = _Whose(analysis.cluster), dict[tuple[object, ...], _Refuser]()
    for path in analysis.paths:
        refusal = path.refusal
        if refusal is not None and refusal.opening and _matters(path.flow, refusal):
            one = whose.refuser(path, refusal)
            key = refusal.kind, refusal.icmp_code, refusal.by, one.node, one.itself, path.flow.dst, path.flow.proto
            groups[key].append((path, refusal))
            by[key] = one
    for group, refused in groups.items():
        yield _finding(analysis, refused, by[group])


def _matters(flow: Flow, refusal: Refusal) -> bool:
    """Tell whether it is news that a datagram was refused."""
    if refusal.kind == "reset" or flow.proto != Proto.UDP:
        return True
    return flow.sport != _DNS_PORT and flow.dport not in _TRACEROUTE


class _Whose:
    """Knows whose an address is; asked for every refusal, so that it looks through the nodes once."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._owners: dict[str, list[str]] = defaultdict(list)
        for node in cluster.nodes:
            for address in {*node.local_addresses(), node.internal_ip, node.cilium_host} - {""}:
                self._owners[address].append(node.name)
        # Whoever answers for such an address may also have asked a backend.
        self._services = {address for one in cluster.services for address in (*one.vips, *one.cluster_ips)}

    def refuser(self, path: Path, refusal: Refusal) -> _Refuser:
        """Return who refused: an ICMP error says it by its address, of a reset it is seen by where it was first."""
        here = refusal.point.rpartition("/")[0]  # a loose file's point names no node
        pod, left = self._cluster.pod_of(refusal.by), refusal.direction == "out"
        if pod is not None and refusal.point == f"{pod.node}/{pod.interface}":
            return _Refuser(node=pod.node, itself=True)
        if path.flow.src == path.flow.dst:
            return _Refuser(node=here, itself=True)
        owner = self._owner(refusal.by, here if left else "")
        if refusal.kind == "icmp":
            return _Refuser(node=pod.node if pod else owner, itself=refusal.by == path.flow.dst)
        if refusal.unreached:
            asked = path.ways(Way.FORWARD)[-1].point.partition("/")[0]
            inside = here == asked == refusal.unreached.partition("/")[0]
            return _Refuser(node=asked if inside else "", itself=False)
        if left and pod is None and here and here == owner and path.flow.dport not in _NODE_PORTS:
            return _Refuser(node=here, itself=True)
        return _Refuser(node=here if left and refusal.by in self._services else "", itself=None)

    def _owner(self, address: str, left: str) -> str:
        """Return the one node an address is of; that which the packet was seen leaving, where it is on several."""
        owners = self._owners.get(address, [])
        return owners[0] if len(owners) == 1 else left if left in owners else ""


def _finding(analysis: Analysis, refused: Sequence[tuple[Path, Refusal]], by: _Refuser) -> Finding:
    cluster = analysis.cluster
    path, refusal = refused[0]
    flow, pod = path.flow, cluster.pod_of(path.flow.dst)
    clients = list(dict.fromkeys(one.flow.src for one, _ in refused))
    sources = listed(named(cluster, client) for client in clients)
    ports = list(dict.fromkeys(one.flow.dport for one, _ in refused))
    targets = listed(named(cluster, flow.dst, port=port) for port in ports)
    what = "connection attempt" if flow.proto == Proto.TCP else f"{proto_name(flow.proto).upper()} conversation"
    fast = [one.after_ns for _, one in refused if one.after_ns]
    most = "at most " if len(fast) > 1 else ""
    many = len(refused) > 1
    soon = f" {most}{duration(max(fast))} after {'they were' if many else 'it was'} asked" if fast else ""
    statement = (
        f"{_subject_of(cluster, path, refusal, by)} refused {counted(len(refused), what)} of {sources} to {targets} "
        f"{_how(refusal)}{soon}; {'none of them ran' if many else 'it did not run'} into a timeout. "
        f"{_why(cluster, path, refusal, by)}"
    )
    evidence = [one for each, told in refused[:MAX_EVIDENCE]
                for one in (*proof(each.ways(Way.FORWARD)[-1:], "the request came as far as this"), *told.evidence)]  # fmt: skip
    points = {point for one, _ in refused for point in one.points} | ({refusal.unreached} - {""})
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=_confidence(refusal, by),
        statement=statement,
        subject={"src": flow.src if len(clients) == 1 else None, "dst": flow.dst,
                 "dport": flow.dport if len(ports) == 1 else None, "proto": proto_name(flow.proto),
                 "node": by.node or None, "pod": pod.full_name if pod else None, "name": refusal.by},
        evidence=tuple(dict.fromkeys(evidence))[:MAX_EVIDENCE],
        coverage=Coverage(points=tuple(sorted(points)), reason=path.reason),
        remedy=_remedy(cluster, path, refusal, by),
    )  # fmt: skip


def _confidence(refusal: Refusal, by: _Refuser) -> Confidence:
    """A reset is proven to be somebody's only where that is known; an ICMP error says itself whose it is."""
    known = by.itself is not None and (by.itself or bool(by.node) or refusal.kind == "icmp")
    return Confidence.PROVEN if known else Confidence.LIKELY


def _subject_of(cluster: Cluster, path: Path, refusal: Refusal, by: _Refuser) -> str:
    """Name who refused."""
    asked = named(cluster, path.flow.dst)
    if by.itself:
        return f"{named(cluster, refusal.by)} itself"  # behind a service's address it is the backend
    if refusal.kind == "icmp":
        return _named_at(cluster, refusal.by, by.node)
    if by.itself is None and by.node:
        return f"{by.node}, which answers for {asked}, or a backend behind it"
    if by.itself is None:
        return f"{asked}, or somebody on the way in its name,"
    return f"{by.node or 'Somebody on the way'}, in the name of {asked},"


def _named_at(cluster: Cluster, address: str, node: str) -> str:
    text = named(cluster, address, node=node)
    return f"{node} ({address})" if node and text == address else text


def _how(refusal: Refusal) -> str:
    return "by a reset (RST)" if refusal.kind == "reset" else f"by ICMP ({_code(refusal)}, code {refusal.icmp_code})"


def _code(refusal: Refusal) -> str:
    codes = _CODES_6 if ":" in refusal.by else _CODES_4
    return codes.get(refusal.icmp_code or 0, "destination unreachable")


def _why(cluster: Cluster, path: Path, refusal: Refusal, by: _Refuser) -> str:
    """Say how it is known who refused, and what does such a thing."""
    first = f"first seen {_going(refusal)} {refusal.point}"
    last = path.ways(Way.FORWARD)[-1].point if path.ways(Way.FORWARD) else ""
    if refusal.kind == "reset" and by.itself:
        return f"The reset was {first}: a host sends it where nothing listens on the port, or by a rule of its own that rejects."
    if refusal.kind == "reset" and refusal.unreached:
        return (
            f"What was asked came as far as {last} and never to {refusal.unreached}, which was listening; the reset was "
            f"{first}. A policy or firewall that rejects does so."
        )
    if refusal.kind == "reset" and by.node:
        return (
            f"The reset was {first}: it comes where nothing listens on the port, or where the Service has no such port."
        )
    if refusal.kind == "reset":
        return (
            f"The reset was {first}; who sent it is not covered, since a reset always bears the address that was asked."
        )
    if by.itself:
        return f"The error was {first}: {_of_itself(cluster, path, refusal)}."
    return f"What was asked came as far as {last or 'no point of these captures'}; the error was {first}{_neighbour(refusal)}."


def _of_itself(cluster: Cluster, path: Path, refusal: Refusal) -> str:
    """Say why the very address that was asked reports an error: unreachable ports are not only those where nobody listens."""
    if not _of_port(refusal):
        return "the host says so itself"
    if any(path.flow.dst in (*one.vips, *one.cluster_ips) for one in cluster.services):
        return "a service address answers so where it has no backend that is ready"
    if path.flow.proto == Proto.TCP:  # RFC 9293, section 3.10.7.1: a closed port answers with a reset
        return "for TCP that is a rule's doing (iptables' REJECT does it), since a closed port answers with a reset"
    return "nothing listens on the port, or a rule of its own rejects (iptables' REJECT does it so)"


def _neighbour(refusal: Refusal) -> str:
    """Say what usually makes a router report an unreachable host: RFC 1812, section 5.2.7.1; RFC 4443, section 3.1."""
    unresolved = _code(refusal) in (_CODES_4[1], _CODES_6[3])
    return ": usually nobody answers that router's ARP or neighbour discovery for the address" if unresolved else ""


def _going(refusal: Refusal) -> str:
    return {"out": "leaving by", "in": "coming in at"}.get(refusal.direction or "", "at")


def _of_port(refusal: Refusal) -> bool:
    return refusal.kind == "icmp" and refusal.icmp_code == (_PORT_6 if ":" in refusal.by else _PORT_4)


def _remedy(cluster: Cluster, path: Path, refusal: Refusal, by: _Refuser) -> str:
    """Return the command to run next, where the refusal was made."""
    flow, pod = path.flow, cluster.pod_of(path.flow.dst)
    transport = "u" if flow.proto == Proto.UDP else "t"
    sockets = f"ss -l{transport}n 'sport = :{flow.dport}'"
    if by.itself and flow.dport is None:  # pings and the like: no socket is asked
        where = f"in {pod.full_name}" if pod is not None else f"on {by.node or flow.dst}"
        return f"{where}: nft list ruleset (or iptables -S) for a rule that rejects {proto_name(flow.proto).upper()}"
    if by.itself and pod is not None:
        namespace = typed(pod.namespace)
        return (
            f"kubectl debug -n {namespace} -it {typed(pod.name)} --image=busybox -- netstat -ln{transport} must show port "
            f"{flow.dport}; if it does not, compare it with the Service's targetPort: kubectl get services,endpointslices -n "
            f"{namespace}"
        )
    if by.itself is None and by.node:
        return f"kubectl get services,endpointslices -A must show port {flow.dport} for {flow.dst}; on {by.node}: {sockets}"
    if by.itself:
        return f"on {by.node or flow.dst}: {sockets} must show who listens on it"
    node = cluster.node(by.node)
    if refusal.kind == "icmp" and _code(refusal) in _UNROUTED:
        where = by.node or refusal.by
        return f"on {where}: ip route get {flow.dst}, and ip neigh show {flow.dst}"
    if node is not None and node.in_cluster:
        return (
            f"on {by.node}: nft list ruleset, and cilium-dbg monitor --type drop --type policy-verdict; then kubectl get "
            "networkpolicies,ciliumnetworkpolicies,ciliumclusterwidenetworkpolicies -A"
        )
    if by.node or refusal.kind == "icmp":
        return f"on {by.node or refusal.by}: nft list ruleset (or iptables -S) for a rule that rejects {flow.dst}"
    if refusal.unreached:
        return f"capture between {path.last_seen} and {refusal.unreached} too: whoever rejects it is there"
    where = (
        f"at the pod's own interface too (captools capture --pod {typed(pod.full_name)})"
        if pod
        else f"at {flow.dst} too"
    )
    return f"capture {where}, to see whether the request comes there: then {sockets} in it tells who listens"


RULE = FindingRule(
    id="refused",
    severity=Severity.WARNING,
    title="A conversation was refused",
    judge=_judge,
)
