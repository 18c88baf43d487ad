"""The manifest of a session: what was asked of which node, what every tool said, what came back."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from captools.model.errors import MalformedCapture

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCounts:
    """A tool's own three counts; None where it did not say."""

    captured: int | None = None
    received: int | None = None
    dropped: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """The controller's clock before and after the node's own was read, all in ns since 1970."""

    before_ns: int
    node_ns: int
    after_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRecord:
    """One node of a session."""

    name: str
    address: str = ""
    transport: str = ""
    ok: bool = True
    error: str = ""
    system: str = ""  # uname and the like, for people
    clock: tuple[ClockReading, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PointRecord:
    """One capture at one point: the tool, how it was started, what it said and what it left."""

    point: str
    node: str
    interface: str
    role: str
    tool: str
    file: str  # relative to the session folder; the file exactly as the tool wrote it
    argv: tuple[str, ...] = ()
    tool_version: str = ""
    filter: str = ""
    user_filter: str = ""  # the part of the filter the user asked for; it limits negative statements
    match: str = ""  # ngrep pattern: content-filtered, so nothing negative rests on it
    snaplen: int | None = None
    linktype: int | None = None
    started: str = ""  # RFC 3339, when the tool said it was listening
    stopped: str = ""
    counts: ToolCounts = ToolCounts()
    packets: int | None = None
    bytes: int = 0
    sha256: str = ""
    ok: bool = True
    error: str = ""
    text_file: str = ""  # ngrep's byline text beside its pcap


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """``session.json``."""

    id: str
    captools: str
    started: str
    stopped: str = ""
    command: tuple[str, ...] = ()
    nodes: tuple[NodeRecord, ...] = ()
    points: tuple[PointRecord, ...] = ()
    warnings: tuple[str, ...] = ()
    complete: bool = False  # False while running, and for ever after a crash
    schema: int = SCHEMA
    extra: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form of the manifest."""
        return asdict(self)


def _only(kind: type, document: dict[str, Any]) -> dict[str, Any]:
    names = set(kind.__dataclass_fields__)  # type: ignore[attr-defined]
    return {key: value for key, value in document.items() if key in names}


def manifest_from_json(document: object, where: str) -> Manifest:
    """Read a manifest; raise MalformedCapture that names ``where`` when it is not one.

    Keys of newer captools are left out, so that older ones can still read the session.
    """
    if not isinstance(document, dict) or not isinstance(document.get("schema"), int):
        raise MalformedCapture(f"{where}: not a captools session manifest", hint="no key 'schema' was found")
    if document["schema"] > SCHEMA:
        raise MalformedCapture(
            f"{where}: written by a newer captools (schema {document['schema']}, this one reads {SCHEMA})",
            hint="upgrade captools",
        )
    try:
        nodes = tuple(
            NodeRecord(**{**_only(NodeRecord, n), "clock": tuple(ClockReading(**c) for c in n.get("clock", ()))})
            for n in document.get("nodes", ())
        )
        points = tuple(
            PointRecord(
                **{
                    **_only(PointRecord, p),
                    "argv": tuple(p.get("argv", ())),
                    "counts": ToolCounts(**_only(ToolCounts, p.get("counts") or {})),
                }
            )
            for p in document.get("points", ())
        )
        rest = {
            **_only(Manifest, document),
            "nodes": nodes,
            "points": points,
            "command": tuple(document.get("command", ())),
            "warnings": tuple(document.get("warnings", ())),
        }
        return Manifest(**rest)
    except (TypeError, AttributeError, KeyError) as error:
        raise MalformedCapture(f"{where}: damaged session manifest ({error})", hint="open its files alone") from error
