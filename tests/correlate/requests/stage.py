"""A proxy's stage: one cluster, a client before it, a pod behind it, and what both legs look like on the wire."""

from __future__ import annotations

from dataclasses import replace

from captools.correlate.clocks.clocks import Clocks
from captools.correlate.clocks.names import clock_names
from captools.correlate.requests.join import Joined, join
from captools.correlate.requests.order import Timeline
from captools.correlate.requests.terminated import TlsSeats
from captools.correlate.requests.tls_legs import TlsConnection, tls_connections
from captools.model.cluster import Cluster, Link, Node, Pod
from tests.correlate.talk import Ends, Frames, Read, get, reply

CLIENT, VIP, INGRESS, POD = "192.168.10.200", "192.168.10.212", "172.20.1.35", "172.20.2.33"
W1_MAC, W0_MAC = "02:00:00:00:01:01", "02:00:00:00:02:01"
FORWARDED = {"x_forwarded_for": CLIENT, "x_request_id": "id-1"}
CLUSTER = Cluster(
    nodes=(
        Node(
            name="k8s-w1", internal_ip="192.168.10.101", pod_cidrs=("172.20.1.0/24",), cilium_host="172.20.1.12",
            ingress=INGRESS, in_cluster=True,
            links=(Link(index=2, name="eth0", addresses=("10.0.2.15",)),
                   Link(index=3, name="eth1", mac=W1_MAC, addresses=("192.168.10.101",))),
        ),
        Node(
            name="k8s-w0", internal_ip="192.168.20.100", pod_cidrs=("172.20.2.0/24",), in_cluster=True,
            links=(Link(index=2, name="eth0", addresses=("10.0.2.15",)),
                   Link(index=3, name="eth1", mac=W0_MAC, addresses=("192.168.20.100",))),
        ),
    ),
    pods=(
        Pod(namespace="default", name="webpod-1", ip=POD, node="k8s-w0"),
        Pod(namespace="default", name="webpod-2", ip="172.20.1.108", node="k8s-w1"),
    ),
)  # fmt: skip
FRONT = Ends(CLIENT, 40000, VIP, server_mac=W1_MAC)


def back(src: str = INGRESS, dst: str = POD) -> Ends:
    return Ends(src, 33000, dst, server_mac=W0_MAC)


def proxied(behind: Ends, status: int = 200) -> Frames:
    """Everything one proxy's card sees of a request: 2 ms on the way in, 3 ms on the way out."""
    body = b"hello world"
    return [
        FRONT.ask(0, get("/a")),
        behind.ask(2, get("/a", **FORWARDED)),
        behind.answer(10, reply(status, body)),
        FRONT.answer(13, reply(status, body, server="envoy", x_envoy_upstream_service_time="8")),
    ]


def client(number: int) -> Ends:
    """One of several connections of the client to the proxy."""
    return replace(FRONT, sport=41000 + number)


def behind(number: int) -> Ends:
    """One of several connections of the proxy to the pod."""
    return replace(back(), sport=34000 + number)


def exchange(ends: Ends, begin: float, end: float | None, ask: bytes, answer: bytes = b"", *, seq: int = 1) -> Frames:
    """A request at one time (ms) and its answer at another, None for none."""
    frames = [ends.ask(begin, ask, seq=seq)]
    return frames if end is None else [*frames, ends.answer(end, answer or reply(200, b"hello world"), seq=seq)]


def timeline(found: Read) -> Timeline:
    """A time line of clocks that nothing ties together."""
    messages = [one for each in found.exchanges() for one in (each.request, each.response) if one is not None]
    return Timeline(Clocks({}), messages)


def joined(found: Read) -> list[Joined]:
    """Join what was read, TLS included."""
    rows = found.rows()
    seats = TlsSeats(rows, clock_names(rows), tls_of(found))
    return join(found.exchanges(), timeline(found), seats)


def tls_of(found: Read) -> list[TlsConnection]:
    """The TLS connections of what was read."""
    return tls_connections(found.rows(), found.tls, found.groups())


def pairs(found: Read) -> dict[int, list[int]]:
    """Client ports with the backend ports that they were joined to."""
    return {
        one.client.exchange.flow.sport or 0: [leg.exchange.flow.sport or 0 for leg in one.attempts]
        for one in joined(found)
        if one.client is not None
    }


def client_hello(random: bytes, name: str, *protocols: str) -> bytes:
    """A record with a ClientHello (RFC 8446, section 4.1.2) that offers TLS 1.2."""
    host = name.encode()
    inner = b"\x00" + len(host).to_bytes(2, "big") + host
    extensions = _extension(0, len(inner).to_bytes(2, "big") + inner)
    if protocols:
        names = b"".join(bytes([len(one)]) + one.encode() for one in protocols)
        extensions += _extension(16, len(names).to_bytes(2, "big") + names)
    body = b"\x03\x03" + random + b"\x00" + b"\x00\x02\x13\x01" + b"\x01\x00"
    return _handshake(1, body + len(extensions).to_bytes(2, "big") + extensions)


def server_hello(random: bytes) -> bytes:
    """A record with a ServerHello of TLS 1.2 without extensions."""
    return _handshake(2, b"\x03\x03" + random + b"\x00" + b"\x13\x01" + b"\x00")


def sealed(size: int) -> bytes:
    """A record of application data."""
    return b"\x17\x03\x03" + size.to_bytes(2, "big") + bytes(size)


def _extension(kind: int, value: bytes) -> bytes:
    return kind.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value


def _handshake(kind: int, body: bytes) -> bytes:
    message = bytes([kind]) + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message
