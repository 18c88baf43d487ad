"""What a node keeps of a capture for whoever finds it there: enough to make its session anew. Pure.

It is written by the controller that began the capture and comes back from the node, so it is read as everything
that comes from a node: sizes are bounded, names must be harmless, and a story that does not fit is one sentence.
Texts that many points share (filters, argv) stand once, in a table. No path of the controller's machine is in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from captools.collect.planning.plan import PlannedRun
from captools.collect.request import CaptureRequest
from captools.collect.spooling import COMPRESS, FULL, SpoolWish
from captools.collect.terms import Terms
from captools.collect.tools import TOOLS
from captools.model.points import Point, Role

SCHEMA = 1
MAX_BYTES = 192 * 1024  # the agent takes 256 KiB of words
MAX_POINTS = 1000  # as many tools as an agent starts
MAX_TEXT = 64 * 1024
MAX_WORDS = 1000
MAX_INTERFACE = 15  # IFNAMSIZ of Linux, without its final zero
MAX_SIZE = 1 << 50
MAX_SECONDS = 10 * 365 * 86400.0
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_SPOOL = ("spool_bytes", "full", "ring_bytes", "keep_s", "segment_bytes", "limit_bps", "compress")


class NoStory(ValueError):
    """A story that is missing or does not fit; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What all nodes of one capture must say alike."""

    tool: str
    bpf: str
    match: str
    snaplen: int | None
    duration_s: float | None
    until_regex: str
    until_after_s: float
    spool: SpoolWish
    command: tuple[str, ...]
    started_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One node's part of a capture, as it was begun."""

    shared: Shared
    version: str
    runs: tuple[PlannedRun, ...]


def words_on(
    terms: Terms, node: str, hostname: str, runs: Sequence[PlannedRun], asked: CaptureRequest, version: str
) -> dict[str, Any]:
    """Return the words that one node keeps. Of too many points the reasons are left out, then all of the story."""
    told: dict[str, Any] = {
        "schema": SCHEMA, "tool": asked.tool, "version": version, "bpf": asked.bpf, "match": asked.match,
        "snaplen": asked.snaplen, "duration_s": asked.duration_s, "until_regex": terms.until_regex,
        "until_after_s": terms.until_after_s,
        "spool": {name: value for name, value in asdict(terms.spool).items() if name in _SPOOL},
    }  # fmt: skip
    words = {**terms.words, "node": node, "hostname": hostname}
    for why in (True, False):
        story = {**told, **_points(runs, why=why)}
        if len(str(story)) <= MAX_BYTES:
            return {**words, "story": story}
    return words


def _points(runs: Sequence[PlannedRun], *, why: bool) -> dict[str, Any]:
    texts: dict[str, int] = {}

    def index(text: str) -> int:
        return texts.setdefault(text, len(texts))

    points = [
        {
            "channel": run.channel, "interface": run.point.interface, "role": run.role.value,
            "argv": [index(word) for word in run.argv], "filter": index(run.filter),
            "user_filter": index(run.user_filter), "excluded": [index(one) for one in run.excluded],
            "why": index(run.why if why else ""),
        }
        for run in runs
    ]  # fmt: skip
    return {"points": points, "texts": list(texts)}


def read_story(words: Mapping[str, Any], node: str) -> Story:
    """Read the words that came back from ``node`` (our name of it); NoStory where they cannot be meant."""
    told = words.get("story")
    if not isinstance(told, dict):
        raise NoStory("it does not tell its points (begun by an older captools, or too many points)")
    if told.get("schema") != SCHEMA:
        raise NoStory("it was begun by a newer captools")
    points, texts = told.get("points"), told.get("texts")
    if not isinstance(points, list) or not isinstance(texts, list):
        raise NoStory("it does not tell its points")
    if not 0 < len(points) <= MAX_POINTS:
        raise NoStory(f"it claims {len(points):,} points, and a node has 1 to {MAX_POINTS:,}")
    if sum(len(one) if isinstance(one, str) else 0 for one in texts) > MAX_BYTES:
        raise NoStory("its texts are too long")
    table = [_text(one, "a text") for one in texts]
    runs = tuple(_run(one, table, node) for one in points)
    if len({run.channel for run in runs}) < len(runs) or len({run.point for run in runs}) < len(runs):
        raise NoStory("it names a point twice")
    return Story(shared=_shared(told, words), version=_text(told.get("version"), "version", 200), runs=runs)


def _shared(told: Mapping[str, Any], words: Mapping[str, Any]) -> Shared:
    command = words.get("command")
    if not isinstance(command, list) or len(command) > MAX_WORDS:
        raise NoStory("its command is no list of words")
    spool = told.get("spool")
    snaplen, started_ns = _number(told, "snaplen", 262_144), _number(words, "started_ns", 1 << 62)
    return Shared(
        tool=_one_of(told.get("tool"), "tool", TOOLS),
        bpf=_text(told.get("bpf"), "bpf"),
        match=_text(told.get("match"), "match"),
        snaplen=int(snaplen) if snaplen is not None else None,
        duration_s=_number(told, "duration_s", MAX_SECONDS),
        until_regex=_text(told.get("until_regex"), "until"),
        until_after_s=_number(told, "until_after_s", MAX_SECONDS) or 0.0,
        spool=_spool(spool if isinstance(spool, dict) else {}),
        command=tuple(_text(one, "its command") for one in command),
        started_ns=int(started_ns or 0),
    )


def _spool(told: Mapping[str, Any]) -> SpoolWish:
    numbers = {
        name: _number(told, name, MAX_SIZE) for name in ("spool_bytes", "ring_bytes", "segment_bytes", "limit_bps")
    }
    known = {name: int(value) for name, value in numbers.items() if value is not None}
    return SpoolWish(
        **known,  # type: ignore[arg-type]  # each is one of its numbers
        full=_one_of(told.get("full"), "spool full", FULL),
        keep_s=_number(told, "keep_s", MAX_SECONDS),
        compress=_one_of(told.get("compress"), "compress", COMPRESS),
    )


def _run(told: object, table: list[str], node: str) -> PlannedRun:
    if not isinstance(told, dict):
        raise NoStory("a point that is no JSON object")

    def text(name: str) -> str:
        return _entry(told.get(name), table)

    def several(name: str) -> tuple[str, ...]:
        found = told.get(name)
        if not isinstance(found, list) or len(found) > MAX_WORDS:
            raise NoStory(f"a point whose {name} is no list")
        return tuple(_entry(one, table) for one in found)

    channel, interface = told.get("channel"), told.get("interface")
    if not isinstance(channel, int) or isinstance(channel, bool) or not 0 < channel < 65536:
        raise NoStory("a point without a channel")
    if not isinstance(interface, str) or not _is_interface(interface):
        raise NoStory("a point whose interface no Linux would name so")
    return PlannedRun(
        channel=channel,
        point=Point(node, interface),
        role=Role(_one_of(told.get("role"), "role", [one.value for one in Role])),
        argv=several("argv"),
        filter=text("filter"),
        user_filter=text("user_filter"),
        excluded=several("excluded"),
        why=text("why"),
    )


def _is_interface(name: str) -> bool:
    """Tell whether Linux could name an interface so, and a terminal shows it as it is (dev_valid_name)."""
    return (
        0 < len(name) <= MAX_INTERFACE and name.isprintable() and name not in (".", "..") and not set(name) & set("/: ")
    )


def _entry(index: object, table: list[str]) -> str:
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(table):
        raise NoStory("a text that is not there")
    return table[index]


def _text(value: object, what: str, limit: int = MAX_TEXT) -> str:
    if not isinstance(value, str) or len(value) > limit:
        raise NoStory(f"{what} is no text, or longer than {limit:,}")
    # A filter may be written on several lines; anything else that is not printed could steer a terminal.
    if not all(char.isprintable() or char in "\n\t" for char in value):
        raise NoStory(f"{what} holds control characters")
    return value


_T = TypeVar("_T", bound=str)


def _one_of(value: object, what: str, known: Sequence[_T]) -> _T:
    for one in known:
        if one == value:
            return one
    raise NoStory(f"{what} is none of {', '.join(known)}")


def _number(told: Mapping[str, Any], name: str, most: float) -> float | None:
    value = told.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise NoStory(f"{name} is no number, or out of bounds")
    return value


def key_of(shared: Shared) -> str:
    """Return one text for what all nodes must say alike, to compare by."""
    return json.dumps({one.name: getattr(shared, one.name) for one in fields(shared)}, default=asdict, sort_keys=True)
