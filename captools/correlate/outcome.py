"""Outcome: delivered, refused, lost or unknown, and the reason. ``lost`` needs every guard of DESIGN section 8."""

from __future__ import annotations

import numpy as np

from captools.correlate.coverage import Coverage
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.cluster import Cluster
from captools.model.flows import Flow, proto_name
from captools.model.packets import Proto, TcpFlag
from captools.model.paths import Outcome
from captools.model.points import Role

_UNREACHABLE = {Proto.ICMP: 3, Proto.ICMPV6: 1}


def judge(
    rows: Sightings,
    cluster: Cluster,
    coverage: Coverage,
    flow: Flow,
    forward: Ints,
    reply: Ints,
    longest: Ints,
) -> tuple[Outcome, str, int]:
    """Return (outcome, reason, row of the last sighting on the way there).

    ``longest`` holds the sightings of the best-seen forward packet, in order of travel.
    """
    last = int(longest[-1]) if len(longest) else ABSENT
    refused = _refused(rows, flow, reply)
    if refused:
        return Outcome.REFUSED, refused, last
    if len(reply):
        return _answered(rows, coverage, flow, forward, reply, last)
    if flow.proto == Proto.UDP:
        return Outcome.UNKNOWN, "no answer was seen, and UDP does not owe one", last
    return _silent(rows, cluster, coverage, flow, forward, last)


def _refused(rows: Sightings, flow: Flow, reply: Ints) -> str:
    """Return who refused the conversation and how; the empty string where nobody did."""
    if flow.proto == Proto.TCP and len(reply):
        flags = rows["tcp_flags"][reply]
        if not (flags & TcpFlag.SYN).any():
            resets = reply[(flags & TcpFlag.RST) != 0]
            if len(resets) and rows["payload_len"][reply].max() <= 0:
                return f"{flow.dst} answered with a reset (RST), first seen at {rows.point(int(resets[0]))}"
    quoting = rows.quoting
    if len(quoting):
        hit = quoting[
            (rows["quoted_src"][quoting] == rows.code_of_address(flow.src))
            & (rows["quoted_dst"][quoting] == rows.code_of_address(flow.dst))
            & (rows["quoted_sport"][quoting] == (ABSENT if flow.sport is None else flow.sport))
            & (rows["quoted_dport"][quoting] == (ABSENT if flow.dport is None else flow.dport))
        ]
        hit = hit[np.isin(rows["icmp_type"][hit], list(_UNREACHABLE.values()))]
        hit = hit[~((rows["proto"][hit] == Proto.ICMP) & (rows["icmp_code"][hit] == 4))]
        if len(hit) and not len(reply):
            row = int(hit[0])
            code = rows.number("icmp_code", row)
            return f"{rows.address('src', row)} answered with ICMP destination unreachable, code {code}"
    return ""


def _answered(
    rows: Sightings, coverage: Coverage, flow: Flow, forward: Ints, reply: Ints, last: int
) -> tuple[Outcome, str, int]:
    """The responder answered: the way there is proven; look whether the answer came back as far."""
    if not len(forward):
        return Outcome.DELIVERED, "only the answers were captured; they show that the requests arrived", last
    origin = rows.point(int(forward[np.argmax(rows["ttl"][forward])]))
    there = set(rows["point"][forward].tolist())
    back = set(rows["point"][reply].tolist())
    node, slash, _ = origin.partition("/")
    # Back on the originator's node is back, by whatever interface: the way there and the way back may differ. Only a
    # pod has one door.
    pods = coverage.roles.get(origin) is Role.PODS
    home = {
        at
        for at, point in enumerate(rows.points)
        if point == origin or (slash and not pods and point.startswith(node + "/"))
    }
    if home & back or not coverage.captured(origin):
        return Outcome.DELIVERED, f"answered by {flow.dst}, and the answer was seen at {origin}", last
    seen = ", ".join(sorted(rows.points[code] for code in back - there) or sorted(rows.points[code] for code in back))
    at_ns = int(rows["ts_ns"][reply].min())
    why = coverage.why_not_witness(origin, at_ns)
    if why:
        return Outcome.DELIVERED, f"answered by {flow.dst} (seen at {seen}); the way back is not covered: {why}", last
    repeated = _repeated(rows, flow, forward)
    row = int(reply[np.argmin(rows["ttl"][reply])])
    if repeated:
        return Outcome.LOST, f"the answer of {flow.dst} was seen at {seen} but never came back to {origin}", row
    return (
        Outcome.UNKNOWN,
        f"the answer of {flow.dst} was seen at {seen}, not at {origin}, and nothing was repeated",
        row,
    )


def _repeated(rows: Sightings, flow: Flow, forward: Ints) -> bool:
    """Tell whether the originator sent again: a TCP sequence number twice at one point with other IP ids."""
    if flow.proto != Proto.TCP:
        return len(np.unique(rows["icmp_seq"][forward])) > 1
    place = np.stack([rows["point"][forward], rows["seq"][forward], rows["payload_len"][forward]])
    flags = rows["tcp_flags"][forward]
    sized = (rows["payload_len"][forward] > 0) | ((flags & TcpFlag.SYN) != 0)
    place, stamps = place[:, sized], rows["ts_ns"][forward][sized]
    order = np.lexsort((stamps, *place))
    same = (np.diff(place[:, order], axis=1) == 0).all(axis=0)
    return bool((same & (np.diff(stamps[order]) > 100_000_000)).any())


def _silent(
    rows: Sightings, cluster: Cluster, coverage: Coverage, flow: Flow, forward: Ints, last: int
) -> tuple[Outcome, str, int]:
    """Nobody answered: lost only where the destination's own node would have shown the packet."""
    here = rows.point(last)
    what = "SYN" if flow.proto == Proto.TCP else proto_name(flow.proto)
    opening = f"no answer to any of {len(np.unique(rows['ts_ns'][forward]))} sightings ({what})"
    if flow.proto == Proto.TCP and not ((rows["tcp_flags"][forward] & TcpFlag.SYN) != 0).any():
        return Outcome.UNKNOWN, f"only one direction was captured, last at {here}", last
    witness, why = _witness(rows, cluster, coverage, flow, forward, last)
    if why:
        return Outcome.UNKNOWN, f"{opening}; last seen at {here}, but {why}", last
    return Outcome.LOST, f"last seen at {here}; it never reached {witness}, which was listening", last


def _witness(
    rows: Sightings, cluster: Cluster, coverage: Coverage, flow: Flow, forward: Ints, last: int
) -> tuple[str, str]:
    """Return (the point that any delivery must pass, why its silence proves nothing)."""
    target = cluster.node_of_pod_address(flow.dst) or cluster.node_of_underlay(flow.dst)
    if target is None:
        return "", f"no inventory says where {flow.dst} is, so that no point is known to be on its way"
    seen = {rows.points[code] for code in np.unique(rows["point"][forward]).tolist()}
    card = next((link.name for link in target.links if target.internal_ip in link.addresses), "")
    at_ns = int(rows["ts_ns"][last])
    if card and f"{target.name}/{card}" not in seen and not any(p.startswith(f"{target.name}/") for p in seen):
        point = f"{target.name}/{card}"
        return point, coverage.why_not_witness(point, at_ns)
    pod = cluster.pod_of(flow.dst)
    if pod is not None and pod.interface:
        point = f"{pod.node}/{pod.interface}"
        if point in seen:
            return "", f"it reached {point}, and only an answer there would prove that the pod took it"
        return point, coverage.why_not_witness(point, at_ns)
    return "", f"no card of {target.name} is known that it must pass"
