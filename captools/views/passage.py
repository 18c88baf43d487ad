"""What happens to one packet on its way, in sentences: how long it took, who wrapped, sealed, translated or routed it."""

from __future__ import annotations

from captools.model.addresses import endpoint
from captools.model.cluster import Cluster
from captools.model.paths import Change, Hop
from captools.model.points import Role, role_of
from captools.model.units import duration
from captools.views.ladder import split_point, tunnel_name


def passage(hops: tuple[Hop, ...], cluster: Cluster) -> list[str]:
    """Return the sentences for the sightings of one packet, in order; none where there is one sighting only."""
    if len(hops) < 2:
        return []
    told = [_summary(hops)]
    for before, hop in zip(hops, hops[1:], strict=False):
        told += [words for words in (_translation(before, hop), _change(before, hop, cluster)) if words]
    return told


def _summary(hops: tuple[Hop, ...]) -> str:
    points = f"{len(hops)} points from {hops[0].point} to {hops[-1].point}"
    delays = [hop.delay_ns for hop in hops[1:]]
    told = [delay for delay in delays if delay is not None]
    if len(told) < len(delays):
        time = "in a time that the clocks cannot tell"
    else:
        # Each hop's bound is a bound, not a deviation: they add up.
        error = sum(hop.delay_error_ns or 0 for hop in hops[1:])
        time = f"in {duration(sum(told))}{f' ±{duration(error)}' if error else ''}"
    return f"{points} {time}{_ttl(hops)}"


def _ttl(hops: tuple[Hop, ...]) -> str:
    plain = [hop.ttl for hop in hops if hop.tunnel != "wireguard" and hop.ttl is not None]
    if len(plain) < 2 or plain[0] == plain[-1] or any(hop.change is Change.PROXIED for hop in hops):
        return ""
    times = plain[0] - plain[-1]
    often = {1: "once", 2: "twice"}.get(times, f"{times} times")
    return f", TTL {plain[0]} to {plain[-1]}{f': routed {often}' if times > 0 else ''}"


def _node(before: Hop, hop: Hop) -> str:
    return split_point(hop.point)[0] or split_point(before.point)[0] or "something"


def _change(before: Hop, hop: Hop, cluster: Cluster) -> str:
    """Return what was put around a packet between two sightings, or taken off; the empty string for mere forwarding."""
    node = _node(before, hop)
    if hop.change is Change.ENCAPSULATED:
        ends = f"{_called(cluster, hop.outer_src)} to {_called(cluster, hop.outer_dst)}"
        who = f"; VNI {hop.vni} is {hop.identity}" if hop.identity and hop.identity != str(hop.vni) else ""
        dsr = f"; its DSR option tells the backend that {hop.dsr} was asked" if hop.dsr else ""
        return f"{node} wraps it in {tunnel_name(hop) or 'a tunnel'} from {ends}{_more(before, hop)}{who}{dsr}"
    if hop.change is Change.DECAPSULATED:
        return f"{node} unwraps it"
    if hop.change is Change.ENCRYPTED:
        sealed = f"{_called(cluster, hop.src)} to {_called(cluster, hop.dst)}{_more(before, hop)}"
        return f"{node} encrypts it with WireGuard, from {sealed} (its datagram is known by size, order and time)"
    if hop.change is Change.DECRYPTED:
        return f"{node} opens the WireGuard message"
    if hop.change is Change.PROXIED:
        return f"a proxy on {node} goes on over a connection of its own from {endpoint(hop.src, hop.sport)}"
    return ""


def _translation(before: Hop, hop: Hop) -> str:
    """Return whose address became another one; the empty string where none did, or where nobody can see it."""
    if "wireguard" in (before.tunnel, hop.tunnel) or hop.change is Change.PROXIED:
        return ""
    parts = [
        f"{word} {endpoint(*old)} into {endpoint(*new)}"
        for word, old, new in (
            ("source", (before.src, before.sport), (hop.src, hop.sport)),
            ("destination", (before.dst, before.dport), (hop.dst, hop.dport)),
        )
        if old != new
    ]
    return f"{_node(before, hop)} translates {' and '.join(parts)}" if parts else ""


def _called(cluster: Cluster, address: str | None) -> str:
    name = cluster.name(address) if address else ""
    return f"{address or 'an unknown address'}{f' ({name})' if name else ''}"


def _more(before: Hop, hop: Hop) -> str:
    """Tell the bytes that wrapping added, where both are the one packet whole; a WireGuard device shows no Ethernet."""
    if hop.frames > 1 or before.frames > 1 or not before.wire_len or hop.wire_len <= before.wire_len:
        return ""
    bare = [role_of(split_point(one.point)[1]) is Role.WIREGUARD for one in (before, hop)]
    if not any(bare):
        return f": {before.wire_len} bytes become {hop.wire_len}"
    kinds = ["an IP packet" if one else "a frame" for one in bare]
    return f": {kinds[0]} of {before.wire_len} bytes becomes {kinds[1]} of {hop.wire_len}"
