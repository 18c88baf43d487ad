"""What there is to say of a path beside its hops: packets lost on the way, answers by another way, points passed by."""

from __future__ import annotations

from captools.model.cluster import Cluster
from captools.model.paths import Asymmetry, Detour, Expected, Hop, Loss, Outcome, Path, Way

_MOST = 4  # of each kind: the JSON form has them all
_WAYS = {Way.FORWARD: "request", Way.REPLY: "answer"}


def notes(path: Path, cluster: Cluster) -> list[str]:
    """Return one sentence per fact, the gravest first."""
    return [
        *_few([_loss(one) for one in path.losses]),
        *_few([_stranger(hop, cluster) for hop in path.hops if hop.identity_agrees is False]),
        *_few([_detour(one) for one in path.detours]),
        *_few([_unseen(one) for one in path.expected if _worth_saying(one, path)]),
    ]


def origin(path: Path) -> str:
    """Return the node that the first packet was first seen leaving, else "": an address that many nodes have is that one's."""
    first = path.ways(Way.FORWARD)[:1]
    node, slash, _ = first[0].point.partition("/") if first and first[0].direction == "out" else ("", "", "")
    return node if slash else ""


def _worth_saying(one: Expected, path: Path) -> bool:
    """Tell whether it is news that a point did not see the flow: what is lost is of course not seen behind that.

    Where the flow arrived, it does not matter what nobody could have seen.
    """
    if one.seen or path.outcome is Outcome.LOST or one.point in path.reason:
        return False
    return not one.blind or path.outcome is Outcome.UNKNOWN


def _few(sentences: list[str]) -> list[str]:
    every = list(dict.fromkeys(sentences))
    return every[:_MOST] + ([f"and {len(every) - _MOST} more like that"] if len(every) > _MOST else [])


def _loss(one: Loss) -> str:
    frames = [frame for proof in one.evidence for frame in proof.frames]
    shown = ", ".join(map(str, frames[:_MOST])) + (" …" if len(frames) > _MOST else "")
    count = f"{one.packets} {'packet' if one.packets == 1 else 'packets'} of the {_WAYS[one.way]} way"
    sure = "lost" if one.proven else "perhaps lost"
    again = ", sent again" if one.resent == one.packets else f", {one.resent} sent again" if one.resent else ""
    why = f": {one.cause}" if one.cause else f"; {one.blind}" if one.blind else ""
    return f"{count} {sure} between {one.after} and {one.before} (frame {shown} at {one.after}){again}{why}"


def _detour(one: Detour) -> str:
    if one.kind is Asymmetry.INTERFACE:
        there, back = ", ".join(one.forward), ", ".join(one.reply)
        return f"the way back differs: the request crosses {there}, the answer {back} in its place"
    if one.kind is Asymmetry.DIRECT_RETURN:
        return f"the answer does not return through {one.node}, which gave the request on"
    crossed, other = ("request", "answer") if one.forward else ("answer", "request")
    return f"the way back differs: {one.node} is crossed by the {crossed} only, not by the {other}"


def _stranger(hop: Hop, cluster: Cluster) -> str:
    named = cluster.identity_name(hop.sender_identity)
    told = f" ({named})" if named and named != str(hop.sender_identity) else ""
    carried = f" ({hop.identity})" if hop.identity and hop.identity != str(hop.vni) else ""
    return (
        f"at {hop.point} the VNI is {hop.vni}{carried}, but the inventory gives {hop.src} the identity "
        f"{hop.sender_identity}{told}"
    )


def _unseen(one: Expected) -> str:
    blind = f"; {one.blind}" if one.blind else ", where it would have been seen"
    return f"the {_WAYS[one.way]} was expected at {one.point} ({one.why}) and not seen{blind}"
