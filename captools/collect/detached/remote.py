"""What is needed to find a capture on its nodes again: ``remote.json`` in the session folder.

It is written before the first tool starts and goes when everything is home. With it, a capture whose
controller was killed, or that was detached, is attached to, fetched or stopped from any shell.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from captools.collect.arrival import Gap
from captools.collect.planning.plan import PlannedRun
from captools.collect.request import CaptureRequest
from captools.collect.spooling import SpoolWish
from captools.collect.targets import Target
from captools.collect.terms import Terms
from captools.model.errors import MalformedCapture
from captools.model.points import Point, Role
from captools.store.writer import replace_file

NAME = "remote.json"
SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotePoint:
    """One point: its run on the node and its files at home."""

    run: PlannedRun
    version: str = ""
    file: str = ""
    text_file: str = ""
    gaps: tuple[Gap, ...] = ()
    text_gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteNode:
    """One node: the way to it, as it was reached, and its points."""

    target: Target
    points: tuple[RemotePoint, ...]
    home: bool = False  # everything of it is here


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A capture that runs, or rests, on its nodes."""

    terms: Terms
    request: CaptureRequest
    nodes: tuple[RemoteNode, ...]
    started_ns: int
    detached: bool = False
    pid: int = 0  # of the controller that wrote this
    extra: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        asked = self.request
        return {
            "schema": SCHEMA,
            "capture": self.terms.capture,
            "detached": self.detached,
            "pid": self.pid,
            "started_ns": self.started_ns,
            "terms": {**asdict(self.terms), "words": {}},
            "request": {
                "tool": asked.tool, "bpf": asked.bpf, "match": asked.match, "snaplen": asked.snaplen,
                "duration_s": asked.duration_s, "command": list(asked.command),
                "inventory": [str(path) for path in asked.inventory],
            },
            "nodes": [_node(one) for one in self.nodes],
        }  # fmt: skip

    def save(self, folder: Path) -> None:
        """Write ``remote.json`` so that a crash leaves the old one or the new one."""
        replace_file(folder / NAME, (json.dumps(self.to_json(), indent=1) + "\n").encode())


def load(folder: Path) -> Remote | None:
    """Read a folder's ``remote.json``; None where there is none, MalformedCapture where it is damaged."""
    path = folder / NAME
    try:
        document = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise MalformedCapture(f"{path}: cannot be read ({error})", hint="its captures can be opened alone") from error
    try:
        return _remote(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MalformedCapture(
            f"{path}: damaged ({type(error).__name__}: {error})", hint="its captures can be opened alone"
        ) from error


def _node(node: RemoteNode) -> dict[str, Any]:
    # A shared connection ends with us; whoever comes later makes one of its own.
    kept = replace(node.target, control=None)
    target = {k: str(v) if isinstance(v, Path) else v for k, v in asdict(kept).items()}
    return {"target": target, "home": node.home, "points": [_point(one) for one in node.points]}


def _point(one: RemotePoint) -> dict[str, Any]:
    run = asdict(one.run)
    run["point"] = [one.run.point.node, one.run.point.interface]
    run["role"] = one.run.role.value
    return {
        "run": run, "version": one.version, "file": one.file, "text_file": one.text_file,
        "gaps": [asdict(gap) for gap in one.gaps], "text_gaps": [asdict(gap) for gap in one.text_gaps],
    }  # fmt: skip


def _remote(document: Mapping[str, Any]) -> Remote:
    if document["schema"] != SCHEMA:
        raise ValueError(f"schema {document['schema']!r}")
    asked = document["request"]
    nodes = tuple(_read_node(one) for one in document["nodes"])
    terms = _known(Terms, document["terms"])
    terms["spool"] = SpoolWish(**_known(SpoolWish, terms["spool"]))
    request = CaptureRequest(
        targets=tuple(node.target for node in nodes),
        tool=str(asked["tool"]),
        bpf=str(asked["bpf"]),
        match=str(asked["match"]),
        snaplen=asked["snaplen"],
        duration_s=asked["duration_s"],
        command=tuple(map(str, asked["command"])),
        inventory=tuple(map(Path, asked["inventory"])),
    )
    terms["ids"] = {str(node): str(name) for node, name in dict(terms.get("ids") or {}).items()}
    return Remote(
        terms=Terms(**terms),
        request=request,
        nodes=nodes,
        started_ns=int(document["started_ns"]),
        detached=bool(document["detached"]),
        pid=int(document["pid"]),
    )


def _read_node(document: Mapping[str, Any]) -> RemoteNode:
    target = _known(Target, document["target"])
    for name in _PATHS:
        if target.get(name) is not None:
            target[name] = Path(target[name])
    return RemoteNode(
        target=Target(**target), home=bool(document["home"]), points=tuple(map(_read_point, document["points"]))
    )


def _read_point(document: Mapping[str, Any]) -> RemotePoint:
    run = _known(PlannedRun, document["run"])
    node, interface = run["point"]
    run |= {"point": Point(str(node), str(interface)), "role": Role(run["role"])}
    for name, value in run.items():
        run[name] = tuple(value) if isinstance(value, list) else value
    names = [str(document[name]) for name in ("file", "text_file")]
    if any("/" in name or name.startswith(".") for name in names):
        raise ValueError(f"a file name {names} that leaves the session")
    return RemotePoint(
        run=PlannedRun(**run),
        version=str(document["version"]),
        file=names[0],
        text_file=names[1],
        gaps=tuple(Gap(**one) for one in document["gaps"]),
        text_gaps=tuple(Gap(**one) for one in document["text_gaps"]),
    )


_PATHS = ("key", "ssh_config", "kubeconfig")


def _known(kind: type, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``kind`` has a field for: a newer captools may have written more."""
    names = {one.name for one in fields(kind)}
    return {name: value for name, value in document.items() if name in names}


def with_gaps(remote: Remote, gaps: Mapping[str, tuple[tuple[Gap, ...], tuple[Gap, ...]]], home: set[str]) -> Remote:
    """Return ``remote`` as things stand: the gaps of each file by its name, and the nodes that are home."""
    nodes = []
    for node in remote.nodes:
        points = tuple(
            replace(one, gaps=gaps[one.file][0], text_gaps=gaps[one.file][1]) if one.file in gaps else one
            for one in node.points
        )
        nodes.append(replace(node, points=points, home=node.home or node.target.name in home))
    return replace(remote, nodes=tuple(nodes))
