"""Captures whose controller, or whose session folder, is gone: found on their nodes by their id, and made ours.

A new session folder is made from what the nodes tell (story.py), with a ``remote.json``; from then on the capture
is like any other that was left on its nodes. What another controller has fetched is gone there: then the files
begin where the node's do, and say so.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from captools.collect.detached.late import NoBorder, begin_late
from captools.collect.detached.lying import MAX_AT_ONCE, Lying, begun_by, name_of, words_of
from captools.collect.detached.remote import Remote, RemoteNode, RemotePoint
from captools.collect.detached.story import NAME, NoStory, Story, key_of, read_story
from captools.collect.detached.visit import Visit
from captools.collect.facts import NodeFacts, read_facts
from captools.collect.keep import Keeper
from captools.collect.point import PointCapture
from captools.collect.request import CaptureRequest
from captools.collect.targets import Target
from captools.collect.terms import Terms
from captools.model.errors import CaptoolsError, CaptureFailed, UsageError
from captools.model.session import ClockReading, NodeRecord
from captools.store.arriving import ArrivingFile

Say = Callable[[str], None]


@dataclass(slots=True)
class _Part:
    """One node's part of the capture."""

    target: Target
    entry: dict[str, Any]
    story: Story | None = None
    error: str = ""
    facts: NodeFacts = field(default_factory=NodeFacts)
    clock: tuple[ClockReading, ...] = ()
    points: list[PointCapture] = field(default_factory=list)

    @property
    def id(self) -> str:
        """What the capture is called on the node."""
        return str(self.entry.get("capture", ""))

    def fail(self, sentence: str) -> None:
        """Leave this node's part out."""
        self.error = self.error or f"{self.target.name}: {sentence}"


def pick(name: str, lying: Sequence[Lying]) -> tuple[str, list[tuple[Target, dict[str, Any]]]]:
    """Return the id of the one capture that ``name`` begins, and each node's entry of it.

    UsageError where nothing or too much fits. A node with two names is taken once.
    """
    known = {name_of(entry) for node in lying for entry in node.captures}
    fits = [one for one in known if one == name] or sorted(one for one in known if name and one.startswith(name))
    if len(fits) != 1:
        listed = ", ".join(fits or sorted(known)) or "none"
        raise UsageError(
            f"{name}: {'several captures on these nodes begin so' if fits else 'no capture on these nodes is called so'}",
            hint=f"{'give more of its id' if fits else 'there are'}: {listed}; captools sessions --node NAME tells more",
        )
    found: dict[str, tuple[Target, dict[str, Any]]] = {}
    for node in lying:
        for entry in node.captures:
            if name_of(entry) == fits[0]:
                found.setdefault(str(entry.get("capture")), (node.target, entry))
    return fits[0], list(found.values())


def adopt(name: str, lying: Sequence[Lying], *, spool_dir: str, out: Path | None, end: bool, say: Say) -> Path:
    """Make a session of the capture that ``name`` begins, from what its nodes tell; return its folder.

    ``end``: it is to be stopped, so it may be stopped already here. ``say`` gets one sentence per node that is left
    out. UsageError where no capture fits, CaptureFailed where none of its nodes tells enough.
    """
    capture, found = pick(name, lying)
    parts = [_Part(target, entry) for target, entry in found]
    for part in parts:
        _read(part, capture)
    _agree(parts)
    keeper = _begin(capture, parts, out)
    try:
        with ThreadPoolExecutor(MAX_AT_ONCE) as pool:
            list(pool.map(lambda part: _look(part, spool_dir, end=end), [part for part in parts if not part.error]))
        _check(capture, parts)
        _write(keeper, capture, parts, spool_dir)
    except BaseException:
        for part in parts:
            for point in part.points:
                _take_away(point)
        keeper.discard()
        raise
    for part in parts:
        if part.error:
            say(part.error)
    assert keeper.folder is not None
    return keeper.folder


def discard(name: str, lying: Sequence[Lying], *, spool_dir: str) -> tuple[str, list[str], list[str]]:
    """Throw a capture away on its nodes, running or not; return its id, the nodes it is gone from, what went wrong."""
    capture, found = pick(name, lying)
    gone, errors = [], []
    for target, entry in found:
        try:
            with Visit(target, spool_dir=spool_dir) as visit:
                visit.remove(str(entry.get("capture")))
            gone.append(target.name)
        except CaptoolsError as error:
            errors.append(str(error))
    return capture, gone, errors


def _read(part: _Part, capture: str) -> None:
    entry = part.entry
    if not NAME.fullmatch(capture) or not NAME.fullmatch(part.id) or not part.id.startswith(capture):
        part.fail(f"a capture whose name {capture!a:.60} is none of captools'")
    elif entry.get("attached"):
        part.fail(
            f"{begun_by(entry)} is attached to {capture}; end that captools first (Ctrl-C), or wait a minute if its "
            "connection was cut"
        )
    else:
        try:
            part.story = read_story(words_of(entry), part.target.name)
        except NoStory as error:
            part.fail(f"{capture} cannot be fetched without its session folder: {error}; --discard throws it away")


def _agree(parts: Sequence[_Part]) -> None:
    """Leave out who tells another story of the capture than most nodes."""
    keys = {id(part): key_of(part.story.shared) for part in parts if part.story is not None}
    most = Counter(keys.values()).most_common(1)
    for part in parts:
        if not part.error and keys[id(part)] != most[0][0]:
            part.fail("tells another story of this capture than the other nodes")
    names = Counter(part.target.name for part in parts if not part.error)
    for part in parts:
        if not part.error and names[part.target.name] > 1:
            part.fail("has two captures of this name; only --discard can help")


def _check(capture: str, parts: Sequence[_Part]) -> None:
    if all(part.error for part in parts):
        raise CaptureFailed(
            " | ".join(dict.fromkeys(part.error for part in parts)),
            hint=f"captools stop {capture} --node NAME --discard",
        )


def _begin(capture: str, parts: Sequence[_Part], out: Path | None) -> Keeper:
    _check(capture, parts)
    story = next(part.story for part in parts if part.story is not None and not part.error)
    shared = story.shared
    request = CaptureRequest(
        targets=tuple(part.target for part in parts if not part.error),
        tool=shared.tool, bpf=shared.bpf, match=shared.match, snaplen=shared.snaplen, duration_s=shared.duration_s,
        command=shared.command, spool=shared.spool, until_regex=shared.until_regex,
        until_after_s=shared.until_after_s, detach=True, out=out,
    )  # fmt: skip
    keeper = Keeper(request, {})
    keeper.capture = capture
    keeper.started_ns = shared.started_ns or keeper.started_ns
    for part in parts:
        if part.story is not None and not part.error:
            part.points = [keeper.open_point(run, part.story.version) for run in part.story.runs]
    return keeper


def _look(part: _Part, spool_dir: str, *, end: bool) -> None:
    """Ask one node for its facts, its clock, and where each of its streams begins."""
    try:
        with Visit(part.target, facts=True, spool_dir=spool_dir) as visit:
            part.facts = read_facts(visit.hello)
            part.clock = (visit.clock(),)
            state = visit.attach(part.id)
            for again in (end and not state.get("stopped_ns"), False):
                try:
                    begin_late(visit, part.id, state, part.points)
                    return
                except NoBorder:
                    if not again:
                        raise
                    state = visit.stop(part.id)
    except NoBorder:
        part.fail(
            "another captools has fetched its packets, and too little came since to see where the next one begins; "
            "try again in a while"
        )
    except CaptoolsError as error:
        part.error = part.error or str(error)
    except OSError as error:
        part.fail(f"no room for its session ({error.strerror}); give another place with --out")


def _write(keeper: Keeper, capture: str, parts: Sequence[_Part], spool_dir: str) -> None:
    """Write remote.json and a first manifest: from here on nothing of it needs the nodes' words again."""
    good = [part for part in parts if not part.error]
    for part in parts:
        for point in part.points if part.error else ():
            _take_away(point)
    spool = replace(keeper.request.spool, spool_dir=spool_dir)
    terms = Terms(
        capture=capture, spool=spool, ship=False, lease_s=None, until_regex=keeper.request.until_regex,
        until_after_s=keeper.request.until_after_s, ids={part.target.name: part.id for part in good},
    )  # fmt: skip
    nodes = tuple(RemoteNode(target=part.target, points=tuple(map(_remote_point, part.points))) for part in good)
    for part in good:
        keeper.add_texts(part.target.name, part.facts.texts)
        for point in part.points:
            point.close(whole=False)
    remote = Remote(
        terms=terms, request=replace(keeper.request, spool=spool), nodes=nodes, started_ns=keeper.started_ns,
        detached=True, pid=os.getpid(),
    )  # fmt: skip
    keeper.remember(remote)
    points = [point for part in good for point in part.points]
    warnings = [part.error for part in parts if part.error]
    keeper.save([_record(part) for part in parts], points, [], warnings, complete=False, mode=_mode(spool.ring))


def _mode(ring: bool) -> str:
    return "ring" if ring else "spool"


def _remote_point(point: PointCapture) -> RemotePoint:
    def name(file: object) -> str:
        return file.path.name if isinstance(file, ArrivingFile) else ""

    return RemotePoint(
        run=point.run,
        version=point.version,
        file=name(point.packets.file),
        text_file=name(point.text.file) if point.text is not None else "",
        gaps=tuple(point.packets.gaps),
        text_gaps=tuple(point.text.gaps) if point.text is not None else (),
    )


def _record(part: _Part) -> NodeRecord:
    target = part.target
    return NodeRecord(
        name=target.name, address=target.address, transport=target.transport, ok=not part.error, error=part.error,
        system=part.facts.system, clock=part.clock,
    )  # fmt: skip


def _take_away(point: PointCapture) -> None:
    """Remove the files of a point that is left out."""
    for arrival in (point.packets, point.text):
        if arrival is not None and isinstance(arrival.file, ArrivingFile):
            arrival.file.close()
            arrival.file.path.unlink(missing_ok=True)
