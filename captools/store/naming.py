"""What the rows of a capture file are called: the point of each of its interfaces (DESIGN, section 3)."""

from __future__ import annotations

from captools.model.cluster import Cluster
from captools.store.files import as_text
from captools.store.inputs import CaptureInput
from captools.wire.decode import Naming
from captools.wire.records import Interface


def naming_of(one: CaptureInput, name: str, interfaces: tuple[Interface, ...], cluster: Cluster) -> Naming:
    """Return the names for a file whose source is called ``name``."""
    points = tuple(point_name(one, interface.name) for interface in interfaces)
    return Naming(source=name, points=points, by_ifindex=_by_ifindex(one.point, cluster))


def point_name(one: CaptureInput, interface: str) -> str:
    """Return the point of an interface that the file calls ``interface`` (or nothing)."""
    return one.point or interface or one.stem or as_text(one.path.name).partition(".")[0] or "capture"


def _by_ifindex(point: str, cluster: Cluster) -> dict[int, str] | None:
    """Return interface index -> point for a capture of ``any``; the names come from that node's own list only."""
    node, slash, interface = point.partition("/")
    if not slash or interface != "any":
        return None
    known = cluster.node(node)
    return {link.index: f"{node}/{link.name}" for link in known.links} if known else {}
