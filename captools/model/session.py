"""The manifest of a session: what was asked of which node, what every tool said, what came back."""

from __future__ import annotations

from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from captools.model.errors import MalformedCapture

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCounts:
    """A tool's own three counts; None where it did not say."""

    captured: int | None = None
    received: int | None = None
    dropped: int | None = None
    caught_up: bool = (
        False  # it wrote all that it had received until the capture was stopped: more came only afterwards
    )


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
    cuts: int = 0  # how often the connection was lost and made again


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
    excluded: tuple[str, ...] = ()  # BPF of what was left out as captools' own connection: not covered here
    lost_bytes: int = 0  # of the tool's output, thrown away on the node before they could come home
    holes: int = 0  # where packets between the first and the last one, or behind it, were dropped on the node
    notes: tuple[str, ...] = ()  # sentences on what is missing, for people


@dataclass(frozen=True, slots=True, kw_only=True)
class UntilRecord:
    """The event that ended a capture: what was looked for (kind "filter" or "regex"), and where it was first seen.

    ``offset`` is the place of the match in the point's stream of bytes, where no frame was counted.
    """

    expression: str
    kind: str
    point: str = ""
    frame: int | None = None
    offset: int | None = None
    time: str = ""  # RFC 3339, the packet's own stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryRecord:
    """When one inventory file was taken, by the clock of the node that told it (``node`` empty: of this machine).

    Times are RFC 3339; ``again`` is when it was asked for at the end, "" where it was not. What had ``changed`` by
    then stands beside it as ``…-stop``.
    """

    file: str
    node: str = ""
    taken: str = ""
    again: str = ""
    changed: bool = False


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
    mode: str = "stream"  # how packets came home: stream, spool, ring, or plain (a node without Python)
    until: tuple[UntilRecord, ...] = ()  # what --until found
    inventory: tuple[InventoryRecord, ...] = ()
    schema: int = SCHEMA
    extra: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form of the manifest."""
        return asdict(self)


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
        return Manifest(**_fields(Manifest, document, ""))
    except ValueError as error:
        raise MalformedCapture(f"{where}: damaged session manifest: {error}", hint="open its files alone") from error


def _fields(kind: type, document: object, place: str) -> dict[str, Any]:
    """Return the values for ``kind``'s fields that ``document`` holds; ValueError in plain words where one does not fit.

    What a file claims is checked here once, so that nobody behind trips over a number that should be text.
    """
    if not isinstance(document, dict):
        raise ValueError(f"{place or 'the whole'} is not a JSON object")
    found: dict[str, Any] = {}
    for name, hint in get_type_hints(kind).items():
        if name in document:
            found[name] = _value(document[name], hint, f"{place}.{name}".lstrip("."))
    for one in fields(kind):
        if one.name not in found and one.default is MISSING and one.default_factory is MISSING:
            raise ValueError(f"{place or 'it'} has no {one.name!r}")
    return found


def _value(value: object, hint: Any, place: str) -> Any:
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{place} is not a list")
        return tuple(_value(one, get_args(hint)[0], f"{place}[{at}]") for at, one in enumerate(value))
    if is_dataclass(hint) and isinstance(hint, type):
        return hint(**_fields(hint, value, place))
    if hint == dict[str, Any]:
        hint = dict
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise ValueError(f"{place} is {_shown(value)}, which does not fit")
    return value


def _shown(value: object) -> str:
    return repr(value)[:40]
