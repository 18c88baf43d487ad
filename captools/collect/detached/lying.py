"""What lies on nodes: each is asked once, all at the same time, whoever began what rests there."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from captools.collect.clean import clean
from captools.collect.detached.visit import Visit
from captools.collect.failures import NothingThere
from captools.collect.targets import Target
from captools.model.errors import CaptoolsError

MAX_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Lying:
    """One node's answer: captures as the agent tells them (LIST), and what could not be looked at."""

    target: Target
    captures: tuple[dict[str, Any], ...] = ()
    errors: tuple[str, ...] = ()


def ask(targets: Sequence[Target], spool_dir: str = "") -> list[Lying]:
    """Ask every node; ``spool_dir``: look there too. A node that cannot be asked has its sentence in ``errors``."""
    with ThreadPoolExecutor(MAX_AT_ONCE) as pool:
        return list(pool.map(lambda target: _ask(target, spool_dir), targets))


def _ask(target: Target, spool_dir: str) -> Lying:
    try:
        with Visit(target, spool_dir=spool_dir) as visit:
            captures, refused = visit.captures()
            hostname = visit.hello.get("hostname")
    except NothingThere:
        return Lying(target=target)
    except CaptoolsError as error:
        return Lying(target=target, errors=(str(error),))
    # Nodes that are containers or namespaces may share one disk: each shows its own.
    here = [one for one in captures if words_of(one).get("hostname", hostname) == hostname]
    return Lying(
        target=visit.target, captures=tuple(here), errors=tuple(f"{target.name}: {sentence}" for sentence in refused)
    )


def words_of(one: dict[str, Any]) -> dict[str, Any]:
    """Return what a capture's controller said of itself."""
    words = one.get("words")
    return words if isinstance(words, dict) else {}


def name_of(one: dict[str, Any]) -> str:
    """Return a capture's id as its controller calls it, the same on all its nodes; made safe."""
    return clean(str(words_of(one).get("capture") or one.get("capture", "")), 80)


def begun_by(one: dict[str, Any]) -> str:
    """Return who began a capture: ``user@host``, made safe."""
    words = words_of(one)
    return clean(f"{words.get('user') or '?'}@{words.get('host') or '?'}", 80)
