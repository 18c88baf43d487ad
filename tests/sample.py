"""Frozen analyses that look like S1, S2 and S8, written by hand from the scenarios (never from our own output)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa

from captools.model.addresses import to_bytes
from captools.model.analysis import Analysis
from captools.model.clocks import ClockOffset
from captools.model.cluster import Cluster, Link, Node, Pod
from captools.model.encryption import Encryption, Pair, Verdict
from captools.model.evidence import Blindness, Confidence, Coverage, Evidence
from captools.model.findings import Finding, Severity
from captools.model.flows import Flow
from captools.model.packets import HTTP, PACKETS
from captools.model.paths import Change, Hop, Outcome, Path, Way
from captools.model.requests import Attempt, Backend, ClientLeg, Proxy, Request
from captools.model.session import ToolCounts
from captools.model.sources import Source
from captools.model.wireguard import Handshake

START = 1_755_653_721_286_843_000  # 2025-08-20T01:35:21.286843Z
US = 1_000
LXC_CTR, LXC_W1, LXC_W0 = "lxc0f41c9e2b7a3", "lxcb75cf4d9b323", "lxc5d0a77c1e9f2"
CTR, W1, W0 = "192.168.10.100", "192.168.10.101", "192.168.20.100"
CURL, WEB_CTR, WEB_W1, WEB_W0 = "172.20.0.88", "172.20.0.121", "172.20.1.108", "172.20.2.33"
PODS = {
    CURL: ("curl-pod", "k8s-ctr", 45966, LXC_CTR),
    WEB_CTR: ("webpod-697b545f57-9xk2p", "k8s-ctr", 62886, "lxc1111aaaa2222"),
    WEB_W1: ("webpod-697b545f57-2dg5m", "k8s-w1", 62886, LXC_W1),
    WEB_W0: ("webpod-697b545f57-fz7qd", "k8s-w0", 62886, LXC_W0),
}


def sha(point: str) -> str:
    """A made-up but stable digest, 64 hex digits."""
    return (point.encode().hex() * 8)[:64]


def proof(point: str, *frames: int, shows: str = "", filter: str = "", decode_as: str = "") -> Evidence:
    name = point.replace("/", "__") + ".pcap"
    return Evidence(
        point=point, file=name, sha256=sha(point), frames=frames, shows=shows, filter=filter, decode_as=decode_as
    )


def cluster() -> Cluster:
    def node(name: str, address: str, cidr: str, host: str, ingress: str) -> Node:
        links = (
            Link(index=2, name="eth0", mtu=1500, addresses=("10.0.2.15",)),
            Link(index=3, name="eth1", mtu=1500, addresses=(address,)),
            Link(index=7, name="cilium_vxlan", mtu=1500, kind="vxlan"),
        )
        return Node(
            name=name, internal_ip=address, pod_cidrs=(cidr,), cilium_host=host, ingress=ingress, in_cluster=True,
            links=links,
        )  # fmt: skip

    router = Node(
        name="router", links=(Link(index=3, name="eth1", mtu=1500, addresses=("192.168.10.200",)),
                              Link(index=4, name="eth2", mtu=1500, addresses=("192.168.20.200",))),
    )  # fmt: skip
    return Cluster(
        nodes=(
            node("k8s-ctr", CTR, "172.20.0.0/24", "172.20.0.43", "172.20.0.248"),
            node("k8s-w1", W1, "172.20.1.0/24", "172.20.1.12", "172.20.1.35"),
            node("k8s-w0", W0, "172.20.2.0/24", "172.20.2.241", "172.20.2.99"),
            router,
        ),
        pods=tuple(
            Pod(namespace="default", name=name, ip=ip, node=where, identity=identity, interface=lxc)
            for ip, (name, where, identity, lxc) in PODS.items()
        ),
        identities={45966: ("k8s:app=curl",), 62886: ("k8s:app=webpod",)},
    )


def source(point: str, packets: int, *, role: str = "nic", dropped: int = 0, **more: Any) -> Source:
    name = point.replace("/", "__") + ".pcap"
    return Source(
        name=name, path=name, point=point, linktype=1, sha256=sha(point), packets=packets, bytes=packets * 140,
        first_ns=START, last_ns=START + 9_000_000_000, role=role, snaplen=262144,
        counts=ToolCounts(captured=packets, received=packets + dropped, dropped=dropped), **more,
    )  # fmt: skip


def hop(point: str, at_us: int, **more: Any) -> Hop:
    base: dict[str, Any] = {
        "point": point, "way": Way.FORWARD, "direction": "in", "src": CURL, "dst": WEB_W0, "sport": 41794,
        "dport": 80, "outer_src": None, "outer_dst": None, "vni": None, "identity": None, "ttl": 64,
        "change": Change.NONE, "ts_ns": START + at_us * US, "delay_ns": None, "delay_error_ns": None,
        "confidence": Confidence.PROVEN, "wire_len": 74, "evidence": (proof(point, 3),),
    }  # fmt: skip
    return Hop(**{**base, **more})


def vxlan_hops() -> tuple[Hop, ...]:
    """One SYN out and its SYN-ACK back, over eight points each."""
    out = {"outer_src": CTR, "outer_dst": W0, "vni": 45966, "identity": "k8s:app=curl", "tunnel": "vxlan",
           "wire_len": 124}  # fmt: skip
    back = {"outer_src": W0, "outer_dst": CTR, "vni": 62886, "identity": "k8s:app=webpod", "tunnel": "vxlan",
            "wire_len": 124}  # fmt: skip
    reply = {"way": Way.REPLY, "src": WEB_W0, "dst": CURL, "sport": 80, "dport": 41794}
    rows: list[tuple[str, int, dict[str, Any]]] = [
        (f"k8s-ctr/{LXC_CTR}", 0, {}),
        ("k8s-ctr/cilium_vxlan", 17, {"direction": "out", "ttl": 63}),
        ("k8s-ctr/eth1", 40, {"direction": "out", "ttl": 63, "change": Change.ENCAPSULATED, **out}),
        ("router/eth1", 310, {"ttl": 63, "delay_error_ns": 9_000, **out}),
        ("router/eth2", 326, {"direction": "out", "ttl": 63, "change": Change.ROUTED, **out}),
        ("k8s-w0/eth1", 590, {"ttl": 63, "delay_error_ns": 9_000, **out}),
        ("k8s-w0/cilium_vxlan", 611, {"ttl": 63, "change": Change.DECAPSULATED}),
        (f"k8s-w0/{LXC_W0}", 633, {"direction": "out", "ttl": 62}),
        (f"k8s-w0/{LXC_W0}", 760, {**reply}),
        ("k8s-w0/cilium_vxlan", 779, {"direction": "out", "ttl": 63, **reply}),
        ("k8s-w0/eth1", 801, {"direction": "out", "ttl": 63, "change": Change.ENCAPSULATED, **reply, **back}),
        ("router/eth2", 1040, {"ttl": 63, **reply, **back}),
        ("router/eth1", 1052, {"direction": "out", "ttl": 63, "change": Change.ROUTED, **reply, **back}),
        ("k8s-ctr/eth1", 1290, {"ttl": 63, **reply, **back}),
        ("k8s-ctr/cilium_vxlan", 1309, {"ttl": 63, "change": Change.DECAPSULATED, **reply}),
        (f"k8s-ctr/{LXC_CTR}", 1330, {"direction": "out", "ttl": 62, **reply}),
    ]
    made: list[Hop] = []
    before: int | None = None
    for point, at, more in rows:
        starts = before is None or (more.get("way") is Way.REPLY and made[-1].way is Way.FORWARD)
        delay = None if starts else (at - (before or 0)) * US
        made.append(hop(point, at, **{"delay_ns": delay, **more}))
        before = at
    return tuple(made)


def vxlan_rows() -> list[dict[str, Any]]:
    """The same SYN as packet-table rows (plain names are the innermost headers), and one full-size segment."""
    rows: list[dict[str, Any]] = []
    for frame, one in enumerate(vxlan_hops(), start=1):
        row: dict[str, Any] = {
            "source": one.point.replace("/", "__") + ".pcap", "point": one.point, "frame": frame,
            "ts_ns": one.ts_ns, "cap_len": one.wire_len, "wire_len": one.wire_len, "linktype": 1, "ip_version": 4,
            "src": to_bytes(one.src), "dst": to_bytes(one.dst), "proto": 6, "ttl": one.ttl, "ip_len": 60,
            "sport": one.sport, "dport": one.dport, "payload_len": 0, "tunnel": one.tunnel,
        }  # fmt: skip
        if one.outer_src and one.outer_dst:
            row |= {
                "vni": one.vni, "outer_src": to_bytes(one.outer_src), "outer_dst": to_bytes(one.outer_dst),
                "outer_sport": 46993, "outer_dport": 8472, "outer_ttl": 64,
            }  # fmt: skip
        rows.append(row)
    full = dict(rows[2])
    full |= {"frame": 40, "ip_len": 1450, "payload_len": 1398, "cap_len": 1514, "wire_len": 1514}
    return [*rows, full]


def table(rows: list[dict[str, Any]], schema: pa.Schema = PACKETS) -> pa.Table:
    columns = {field.name: pa.array([row.get(field.name) for row in rows], field.type) for field in schema}
    return pa.table(columns, schema=schema)


def analysis(**more: Any) -> Analysis:
    base: dict[str, Any] = {
        "sources": (), "packets": table([]), "http": table([], HTTP), "cluster": cluster(), "paths": (),
        "requests": (), "encryption": Encryption(verdict=Verdict.NOT_ENCRYPTED, reason="No WireGuard packet was seen."),
        "coverage": (), "clocks": (), "clock_reference": "",
    }  # fmt: skip
    return Analysis(**{**base, **more})


def s2() -> Analysis:
    """VXLAN overlay: one connection, delivered, encapsulated with the VNI of each sender."""
    flow = Flow(CURL, WEB_W0, 6, 41794, 80)
    points = tuple(dict.fromkeys(one.point for one in vxlan_hops()))
    path = Path(
        flow=flow, packets=12, outcome=Outcome.DELIVERED, reason=f"the pod answered at k8s-w0/{LXC_W0}",
        last_seen=f"k8s-ctr/{LXC_CTR}", hops=vxlan_hops(), first_ns=START, request_packets=7, reply_packets=5,
        points=points,
    )  # fmt: skip
    finding = Finding(
        rule="vxlan-encapsulated", severity=Severity.NOTE, confidence=Confidence.PROVEN,
        statement=f"{CURL}:41794 -> {WEB_W0}:80 tcp travels in VXLAN (tcpdump: OTV, instance 45966) between "
                  "k8s-ctr and k8s-w0.",
        subject={"src": CURL, "dst": WEB_W0, "sport": 41794, "dport": 80, "proto": "tcp"},
        evidence=(proof("k8s-ctr/eth1", 12, 14, shows="the outer header and VNI 45966",
                        filter="vxlan && vxlan.vni == 45966 && frame.number in {12, 14}",
                        decode_as="udp.port==8472,vxlan"),),
        coverage=Coverage(points=points, reason="both ends were listening"),
        remedy="Nothing to do: this is how tunnel mode works.",
    )  # fmt: skip
    return analysis(
        sources=tuple(source(point, 120 + 7 * i) for i, point in enumerate(points)), packets=table(vxlan_rows()),
        paths=(path,), findings=(finding,), title="s2-vxlan-overlay", clock_reference="k8s-ctr",
        clocks=(ClockOffset(node="k8s-ctr", offset_ns=0, error_ns=0, method="reference"),
                ClockOffset(node="router", offset_ns=-3_600_000, error_ns=9_000, method="packets both ways"),
                ClockOffset(node="k8s-w0", offset_ns=None, error_ns=None, method="")),
    )  # fmt: skip


def s1() -> Analysis:
    """Native routing, the router lacks the route: the SYN leaves by eth0 and is never seen again."""
    hops = (
        hop(f"k8s-ctr/{LXC_CTR}", 0),
        hop("k8s-ctr/eth1", 21, direction="out", ttl=63, change=Change.ROUTED, delay_ns=21 * US),
        hop("router/eth1", 290, ttl=63, delay_ns=269 * US),
        hop("router/eth0", 306, direction="out", ttl=62, change=Change.ROUTED, delay_ns=16 * US),
    )
    reason = "left router/eth0 towards 10.0.2.2; the router has no route for 172.20.2.0/24"
    path = Path(
        flow=Flow(CURL, WEB_W0, 6, 41794, 80), packets=3, outcome=Outcome.LOST, reason=reason,
        last_seen="router/eth0", hops=hops, first_ns=START, request_packets=3,
        points=tuple(one.point for one in hops),
    )  # fmt: skip
    ping = Path(
        flow=Flow(CURL, WEB_W1, 1, icmp_id=698), packets=6, outcome=Outcome.DELIVERED, reason="answered",
        last_seen=f"k8s-ctr/{LXC_CTR}", hops=(hop(f"k8s-ctr/{LXC_CTR}", 9, dst=WEB_W1, sport=None, dport=None),),
        first_ns=START + 9 * US, request_packets=3, reply_packets=3, points=(f"k8s-ctr/{LXC_CTR}",),
    )  # fmt: skip
    finding = Finding(
        rule="routing-black-hole", severity=Severity.ERROR, confidence=Confidence.PROVEN,
        statement=f"Packets from {CURL} to {WEB_W0} enter router/eth1, leave by eth0 towards 10.0.2.2 and are never "
                  "seen again: the router has no route for 172.20.2.0/24, the pod network of k8s-w0.",
        subject={"src": CURL, "dst": WEB_W0, "node": "router"},
        evidence=(proof("router/eth1", 1, 5, 9, shows="the packet arrives", filter=f"ip.dst == {WEB_W0}"),
                  proof("router/eth0", 1, 4, 7, shows="the same packet leaves by the uplink",
                        filter=f"ip.dst == {WEB_W0}")),
        coverage=Coverage(points=("router/eth0", "router/eth1", "router/eth2", "k8s-w0/eth1"),
                          reason="k8s-w0/eth1 was listening and saw other traffic in the same second"),
        remedy="On the router: ip route add 172.20.2.0/24 via 192.168.20.100",
    )  # fmt: skip
    incomplete = Finding(
        rule="capture-incomplete", severity=Severity.WARNING, confidence=Confidence.PROVEN,
        statement="k8s-w1/eth1 lost 37 of 1,237 packets in the kernel.", subject={"node": "k8s-w1"},
        evidence=(), remedy="Capture again with --buffer 512MiB.",
    )  # fmt: skip
    return analysis(
        sources=(source(f"k8s-ctr/{LXC_CTR}", 40, role="pods"), source("k8s-ctr/eth1", 220),
                 source("router/eth0", 9), source("router/eth1", 301), source("router/eth2", 55),
                 source("k8s-w0/eth1", 61), source("k8s-w1/eth1", 1200, dropped=37)),
        paths=(path, ping), findings=(finding, incomplete), title="s1-native-route-black-hole",
        coverage=(Blindness(point="k8s-w1/eth1", start="", end="", why_blind="37 packets were dropped by the kernel"),),
        clock_reference="k8s-ctr",
    )  # fmt: skip


def _request(number: int, backend_ip: str, source_address: str, kind: str, ts_us: int, sport: int) -> Request:
    pod, node, _, lxc = PODS[backend_ip]
    client, vip = "192.168.10.200", "192.168.10.212"
    backend = Backend(ip=backend_ip, port=80, pod=f"default/{pod}", node=node)
    attempt = Attempt(
        src=source_address, sport=33000 + number, dst=backend_ip, dport=80, points=(f"{node}/{lxc}",), status=200,
        source_kind=kind, backend=backend,
    )  # fmt: skip
    leg = ClientLeg(src=client, sport=sport, dst=vip, dport=80, points=("router/eth1", "k8s-w1/eth1"))
    return Request(
        method="GET", path="/" if number < 3 else "/details/1", host=vip, status=200,
        request_id=f"f884b027-b3ba-4ffd-8e3d-133cdbf6ad{number:02x}", client=client, xff=(client,), client_leg=leg,
        attempts=(attempt,), backend_leg=attempt,
        proxy=Proxy(node="k8s-w1", source_address=source_address, source_kind=kind), backend=backend,
        gateway_ns=(410 + number * 13) * US, total_ns=(2_340 + number * 111) * US, confidence=Confidence.PROVEN,
        evidence=(proof("k8s-w1/eth1", 4 + number, shows="the client's request", filter="http.request"),
                  proof(f"{node}/{lxc}", 2 + number, shows="the request as the pod got it", filter="http.request")),
        ts_ns=START + ts_us * US,
    )  # fmt: skip


def s8() -> Analysis:
    """Dedicated ingress on k8s-w1: a remote backend sees the ingress address, the local one 10.0.2.15."""
    requests = (
        _request(1, WEB_W0, "172.20.1.35", "ingress", 100, 51514),
        _request(2, WEB_W1, "10.0.2.15", "node", 150_000, 51516),
        _request(3, WEB_CTR, "172.20.1.35", "ingress", 300_000, 51518),
        replace(_request(4, WEB_W0, "172.20.1.35", "ingress", 450_000, 51520), status=403, attempts=(),
                backend_leg=None, proxy=Proxy(node="k8s-w1", source_address="", source_kind="other"), backend=None,
                gateway_ns=None, xff=(), note="the proxy answered itself: there is no backend leg"),
    )  # fmt: skip
    client = {"src": "192.168.10.200", "dst": "192.168.10.212", "sport": 51514, "dport": 80}
    server = {"src": "172.20.1.35", "dst": WEB_W0, "sport": 33001, "dport": 80}
    client_hops = (
        hop("router/eth1", 100, direction="out", **client),
        hop("k8s-w1/eth1", 380, delay_ns=280 * US, **client),
    )
    backend_hops = (
        hop("k8s-w1/eth1", 590, direction="out", ttl=63, change=Change.PROXIED, delay_ns=210 * US, **server),
        hop("router/eth1", 840, ttl=63, delay_ns=250 * US, **server),
        hop("router/eth2", 852, direction="out", ttl=62, change=Change.ROUTED, delay_ns=12 * US, **server),
        hop("k8s-w0/eth1", 1_090, ttl=62, delay_ns=238 * US, **server),
        hop(f"k8s-w0/{LXC_W0}", 1_110, direction="out", ttl=61, change=Change.ROUTED, delay_ns=20 * US, **server),
    )

    def path(flow: Flow, hops: tuple[Hop, ...]) -> Path:
        return Path(
            flow=flow, packets=9, outcome=Outcome.DELIVERED, reason="answered", last_seen=hops[-1].point, hops=hops,
            first_ns=hops[0].ts_ns, request_packets=5, reply_packets=4, points=tuple(h.point for h in hops),
        )  # fmt: skip

    findings = (
        Finding(
            rule="snat-ingress-ip", severity=Severity.NOTE, confidence=Confidence.PROVEN,
            statement="Envoy on k8s-w1 reaches the remote backends from its ingress address 172.20.1.35.",
            subject={"node": "k8s-w1", "src": "172.20.1.35"},
            evidence=(proof(f"k8s-w0/{LXC_W0}", 3, shows="source 172.20.1.35", filter="ip.src == 172.20.1.35"),),
            remedy="Nothing to do; allow 172.20.1.35 where a policy names the proxy.",
        ),
        Finding(
            rule="snat-node-ip", severity=Severity.NOTE, confidence=Confidence.PROVEN,
            statement="Envoy on k8s-w1 reaches the local backend from the node's own address 10.0.2.15.",
            subject={"node": "k8s-w1", "src": "10.0.2.15"},
            evidence=(proof(f"k8s-w1/{LXC_W1}", 4, shows="source 10.0.2.15", filter="ip.src == 10.0.2.15"),),
        ),
    )  # fmt: skip
    return analysis(
        sources=(source("router/eth1", 96), source("router/eth2", 48), source("k8s-w1/eth1", 88),
                 source(f"k8s-w1/{LXC_W1}", 12, role="pods"), source("k8s-w0/eth1", 44),
                 source(f"k8s-w0/{LXC_W0}", 22, role="pods")),
        requests=requests, findings=findings, title="s8-ingress-dedicated-snat", clock_reference="k8s-w1",
        paths=(path(Flow("192.168.10.200", "192.168.10.212", 6, 51514, 80), client_hops),
               path(Flow("172.20.1.35", WEB_W0, 6, 33001, 80), backend_hops)),
    )  # fmt: skip


def s13() -> Analysis:
    """WireGuard between the nodes: everything encrypted, handshakes answered."""
    pair = Pair(
        a="k8s-ctr", b="k8s-w1", wireguard_packets=41, cleartext_packets=0, matched_inner=18, unmatched_inner=0,
        handshakes=(Handshake(time="2025-08-20T01:35:21.286843000Z", rtt_ns=812_000, result="answered"),),
        coverage="both ends captured, no drops", verdict=Verdict.ENCRYPTED,
    )  # fmt: skip
    data = {"source": "k8s-ctr__eth1.pcap", "point": "k8s-ctr/eth1", "frame": 5, "ts_ns": START, "cap_len": 142,
            "wire_len": 142, "linktype": 1, "ip_version": 4, "src": to_bytes(CTR), "dst": to_bytes(W1), "proto": 17,
            "ip_len": 128, "sport": 51871, "dport": 51871, "tunnel": "none", "wg_type": 4, "payload_len": 100,
            "wg_counter": 7}  # fmt: skip
    return analysis(
        sources=(source("k8s-ctr/eth1", 41),), packets=table([data]), title="s13-wireguard-only",
        encryption=Encryption(verdict=Verdict.ENCRYPTED, reason="All pod traffic between nodes is in WireGuard.",
                              pairs=(pair,)),
        clock_reference="k8s-ctr",
    )  # fmt: skip


HOSTILE = "\x1b[31m<script>alert(1)</script>[bold red]x[/]\u202e\x9b2J|`"


def hostile() -> Analysis:
    """S8 with every name that a capture brings made as nasty as it gets."""
    base = s8()
    first = replace(
        base.requests[0], path="/" + HOSTILE + "a" * 5_000, host=HOSTILE, method="G" + HOSTILE, xff=(HOSTILE,),
        request_id=HOSTILE,
        backend=Backend(ip=WEB_W0, port=80, pod=HOSTILE, node=HOSTILE),
    )  # fmt: skip
    nasty = replace(base.findings[0], statement=HOSTILE, remedy=HOSTILE, subject={"pod": HOSTILE})
    hops = tuple(replace(one, point=f"{HOSTILE}/{HOSTILE}", identity=HOSTILE) for one in base.paths[0].hops)
    return replace(
        base, requests=(first, *base.requests[1:]), findings=(nasty,), title=HOSTILE,
        paths=(replace(base.paths[0], reason=HOSTILE, hops=hops, last_seen=HOSTILE),),
        sources=(replace(base.sources[0], name=HOSTILE, point=f"{HOSTILE}/x", error=HOSTILE),),
        warnings=(HOSTILE,), coverage=(Blindness(point=HOSTILE, start="", end="", why_blind=HOSTILE),),
    )  # fmt: skip
