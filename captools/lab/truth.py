"""What really happened in a scenario, told by the traffic generators themselves, never by a decoder. Pure."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import Any

from captools.lab.topology import EVERY_POD, NODES, TLS_PASSED
from captools.model.units import rfc3339


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowTruth:
    """One flow in the sender's view. ``sent``/``answered`` count packets for ICMP and requests for TCP.

    ICMP has no ports, TCP no ``icmp_id``. ``answer_bytes`` counts HTTP body bytes.
    """

    proto: str
    src: str
    dst: str
    started: str
    ended: str
    sent: int
    answered: int
    sport: int | None = None
    dport: int | None = None
    icmp_id: int | None = None
    error: str = ""  # "timeout" or the error's name, where the connection failed
    answer_bytes: int = 0
    purpose: str = "test"  # "test" is what the scenario is about, "health" the background of it
    src_name: str = ""
    dst_name: str = ""
    seen_src: str | None = None  # who the far end says called it, where the way translated that
    seen_sport: int | None = None
    seen_dst: str | None = None  # where it arrived, where the way translated that
    seen_dport: int | None = None
    way: tuple[str, ...] | None = None  # the points it must cross, in order: see captools.lab.ways
    way_back: tuple[str, ...] | None = None  # of what was answered


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTruth:
    """One HTTP request, as the client made it and as the backend says (in its answer) that it arrived."""

    client: str
    client_port: int
    address: str
    port: int
    method: str
    path: str
    status: int
    started: str
    ended: str
    upstream_ms: int | None = None  # Envoy's x-envoy-upstream-service-time
    backend_pod: str = ""
    backend_ip: str = ""
    backend_node: str = ""
    remote_addr: str = ""  # the source the backend saw
    remote_port: int = 0
    source_kind: str = ""  # ingress | node | cilium-host | pod | other
    xff: str = ""
    request_id: str = ""
    sni: str = ""  # over TLS
    passed: bool = False  # through TLS that the proxy did not open
    attempts: int | None = None  # Envoy's own count (x-envoy-attempt-count)
    translated: bool = False  # the address that was called is a service's, and no proxy stood between
    backend_way: tuple[str, ...] | None = None  # of the proxy's connection to the backend, as the way of a flow
    backend_way_back: tuple[str, ...] | None = None

    @property
    def proxied(self) -> bool:
        """Tell whether a proxy stood between: then the backend is not the address that was called."""
        return bool(self.backend_ip) and self.backend_ip != self.address and not self.translated


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareTruth:
    """What one backend got of one client's connections to a service, a request each: by the backend's own answers.

    ``ports``: (the client's port, the one that the backend saw). The first ``listed`` of them stand among the flows and
    requests too.
    """

    client: str
    address: str
    port: int
    backend_pod: str
    backend_ip: str
    backend_port: int
    backend_node: str
    seen_src: str
    ports: tuple[tuple[int, int], ...]
    listed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferTruth:
    """One transfer over TCP as iperf3 itself measured it at both of its ends."""

    src: str
    sport: int
    dst: str
    dport: int
    bytes_sent: int
    bytes_received: int
    retransmits: int  # by the sender's kernel (TCP_INFO)
    mss: int  # payload bytes of a full segment, by the same kernel
    seconds: float  # the receiver's
    bits_per_second: float  # the receiver's


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Everything one run of a scenario knows."""

    flows: tuple[FlowTruth, ...] = ()
    requests: tuple[RequestTruth, ...] = ()
    transfers: tuple[TransferTruth, ...] = ()
    shares: tuple[ShareTruth, ...] = ()

    def __add__(self, other: Truth) -> Truth:
        return Truth(
            flows=self.flows + other.flows,
            requests=self.requests + other.requests,
            transfers=self.transfers + other.transfers,
            shares=self.shares + other.shares,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; what is not known or does not apply is left out, TOML has no null."""
        kinds: dict[str, tuple[Any, ...]] = {"flows": self.flows, "requests": self.requests}
        kinds |= {"transfers": self.transfers} if self.transfers else {}
        kinds |= {"shares": self.shares} if self.shares else {}
        return {
            key: [{name: value for name, value in asdict(one).items() if value is not None} for one in rows]
            for key, rows in kinds.items()
        }

    def as_health(self) -> Truth:
        """Return the same flows, marked as background."""
        return replace(self, flows=tuple(replace(flow, purpose="health") for flow in self.flows))


def name_of(address: str) -> str:
    """Return whose address it is: pod, node, or the empty string."""
    for pod in EVERY_POD:
        if pod.ip == address:
            return f"{pod.namespace}/{pod.name}"
    for node in NODES:
        if address == node.address:
            return node.name
        if address in (node.cilium_host, node.ingress):
            return f"{node.name} {'cilium_host' if address == node.cilium_host else 'ingress'}"
    return ""


def source_kind(address: str) -> str:
    """Return what kind of source a backend saw."""
    if any(address == node.ingress for node in NODES):
        return "ingress"
    if any(address == node.cilium_host for node in NODES):
        return "cilium-host"
    if any(address == pod.ip for pod in EVERY_POD):
        return "pod"
    if address == "10.0.2.15" or any(address == node.address for node in NODES):
        return "node"
    return "other"


def of_ping(result: dict[str, Any]) -> Truth:
    """Return the truth of one run of ``inside/ping.py``."""
    flow = FlowTruth(
        proto="icmpv6" if ":" in result["dst"] else "icmp", src=result["src"], dst=result["dst"],
        icmp_id=result["icmp_id"], sent=result["sent"], answered=result["answered"],
        started=rfc3339(result["started_ns"]), ended=rfc3339(result["ended_ns"]),
        src_name=name_of(result["src"]), dst_name=name_of(result["dst"]),
    )  # fmt: skip
    return Truth(flows=(flow,))


def of_http(result: dict[str, Any], wanted: int) -> Truth:
    """Return the truth of one run of ``inside/http_client.py`` that tried ``wanted`` requests."""
    exchanges = result["exchanges"]
    flow = FlowTruth(
        proto="tcp", src=result["src"], sport=result["sport"], dst=result["dst"], dport=result["dport"], sent=wanted,
        answered=len(exchanges), error=result["error"], answer_bytes=sum(one["body_bytes"] for one in exchanges),
        started=rfc3339(result["started_ns"]), ended=rfc3339(result["ended_ns"]),
        src_name=name_of(result["src"]), dst_name=name_of(result["dst"]),
    )  # fmt: skip
    requests = tuple(_request(result, one) for one in exchanges)
    return Truth(flows=(_as_seen(flow, requests),), requests=requests)


def of_iperf(result: dict[str, Any], started_ns: int, ended_ns: int) -> Truth:
    """Return the truth of one run of ``iperf3 -c ADDRESS -J`` with one stream: the data connection and its figures."""
    ends = result["start"]["connected"][0]
    stream = result["end"]["streams"][0]
    sent, received = stream["sender"], stream["receiver"]
    flow = FlowTruth(
        proto="tcp", src=ends["local_host"], sport=ends["local_port"], dst=ends["remote_host"], dport=ends["remote_port"],
        sent=1, answered=1, started=rfc3339(started_ns), ended=rfc3339(ended_ns),
        src_name=name_of(ends["local_host"]), dst_name=name_of(ends["remote_host"]),
    )  # fmt: skip
    transfer = TransferTruth(
        src=flow.src, sport=ends["local_port"], dst=flow.dst, dport=ends["remote_port"], bytes_sent=sent["bytes"],
        bytes_received=received["bytes"], retransmits=sent["retransmits"], mss=result["start"]["tcp_mss_default"],
        seconds=received["seconds"], bits_per_second=received["bits_per_second"],
    )  # fmt: skip
    return Truth(flows=(flow,), transfers=(transfer,))


def _as_seen(flow: FlowTruth, requests: tuple[RequestTruth, ...]) -> FlowTruth:
    """Add the source that the far end itself tells of, where it is another one."""
    seen = {(one.remote_addr, one.remote_port) for one in requests if one.remote_addr and not one.proxied}
    for address, port in seen - {(flow.src, flow.sport)}:
        return replace(flow, seen_src=address, seen_sport=port)
    return flow


def _request(connection: dict[str, Any], exchange: dict[str, Any]) -> RequestTruth:
    upstream = exchange["headers"].get("x-envoy-upstream-service-time", "")
    request = RequestTruth(
        client=connection["src"], client_port=connection["sport"], address=connection["dst"], port=connection["dport"],
        method=exchange["method"], path=exchange["path"], status=exchange["status"],
        started=rfc3339(exchange["started_ns"]), ended=rfc3339(exchange["ended_ns"]),
        upstream_ms=int(upstream) if upstream.isdigit() else None, sni=connection.get("sni", ""),
        passed=connection.get("sni", "") == TLS_PASSED,
        attempts=int(exchange["headers"]["x-envoy-attempt-count"]) if "x-envoy-attempt-count" in exchange["headers"] else None,
    )  # fmt: skip
    return _with_backend(request, exchange["headers"].get("x-lab-who", "").replace("; ", "\n") or exchange["body"])


def _with_backend(request: RequestTruth, body: str) -> RequestTruth:
    """Add what the whoami server wrote: itself, who asked, and the headers that reached it."""
    said = {
        name.lower(): value.strip()
        for name, value in re.findall(r"^([A-Za-z][\w-]*): ?(.*)$", body, flags=re.MULTILINE)
    }
    if "hostname" not in said:
        pod = next((pod for pod in EVERY_POD if (pod.ip, pod.port) == (request.address, request.port)), None)
        return request if pod is None else replace(
            request, backend_pod=pod.name, backend_ip=pod.ip, backend_node=pod.node
        )  # fmt: skip
    remote, _, port = said["remoteaddr"].rpartition(":")
    pod = next((pod for pod in EVERY_POD if pod.name == said["hostname"]), None)  # none is a server outside the cluster
    return replace(
        request, backend_pod=pod.name if pod else "", backend_ip=said["ip"], backend_node=pod.node if pod else "",
        remote_addr=remote,
        remote_port=int(port), source_kind=source_kind(remote), xff=said.get("x-forwarded-for", ""),
        request_id=said.get("x-request-id", ""),
    )  # fmt: skip
