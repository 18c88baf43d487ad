"""Captures that are no session of this machine: the options that find them on their nodes, for fetch and stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from captools.collect.detached.adopt import adopt
from captools.collect.detached.lying import Lying, ask
from captools.collect.detached.register import find
from captools.collect.detached.remote import Remote
from captools.collect.places import known_nodes, pick_targets
from captools.model.errors import CaptureFailed, UsageError

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Which nodes to ask, and where on them to look."""

    nodes: tuple[str, ...] = ()
    all_nodes: bool = False
    config: Path | None = None
    spool_dir: str = ""

    @property
    def asked(self) -> bool:
        """True where any node is to be asked."""
        return bool(self.nodes) or self.all_nodes

    def lying(self) -> list[Lying]:
        """Ask the nodes what lies there; UsageError where none is known."""
        if self.spool_dir and not self.spool_dir.startswith("/"):
            raise UsageError(f"--spool-dir {self.spool_dir}: not a whole path", hint="give one that begins with /")
        known = known_nodes(self.config)
        if self.all_nodes and known is None:
            raise UsageError("--all-nodes needs a captools.toml", hint="name nodes with --node, or write one")
        targets, said = pick_targets(known, self.nodes) if self.nodes else ((), ())
        if self.all_nodes and known is not None:
            targets = tuple(dict.fromkeys((*targets, *known.targets)))
        for sentence in said:
            click.echo(f"captools: {sentence}", err=True)
        return ask(targets, self.spool_dir)


def elsewhere_options(command: F) -> F:
    """Add --node, --all-nodes, --config and --spool-dir; the command gets them as ``where``."""

    @wraps(command)
    def asking(
        *words: Any, nodes: tuple[str, ...], all_nodes: bool, config: Path | None, spool_dir: str, **options: Any
    ) -> Any:
        where = Elsewhere(nodes=nodes, all_nodes=all_nodes, config=config, spool_dir=spool_dir)
        return command(*words, where=where, **options)

    decorated: Any = asking
    for decorate in (
        click.option("--spool-dir", default="", metavar="DIR", help="Where on the nodes, if it was begun with that."),
        click.option("--config", type=click.Path(path_type=Path), help="The captools.toml to read."),
        click.option("--all-nodes", is_flag=True, help="Ask every node of captools.toml."),
        click.option("--node", "nodes", multiple=True, metavar="NAME", help="Ask this node what lies there."),
    ):
        decorated = decorate(decorated)
    return cast(F, decorated)


def found(name: str, where: Elsewhere, out: Path | None, *, end: bool) -> tuple[Path, Remote]:
    """Return a capture's session; where this machine has none, one is made from what the nodes tell.

    ``end``: it is to be stopped. Raises as register.find and adopt.adopt do.
    """
    try:
        folder, remote = find(name)
    except UsageError as error:
        if where.asked:
            folder = _adopted(name, where, out, end=end)
            return find(str(folder))
        hint = f"{error.hint}; one of another machine is found with --node NAME"
        raise UsageError(error.message, hint=hint) from error
    if out is not None:
        raise UsageError(f"{name}: its session is {folder}", hint="leave out --out")
    return folder, remote


def _adopted(name: str, where: Elsewhere, out: Path | None, *, end: bool) -> Path:
    lying = where.lying()
    silent = [sentence for node in lying for sentence in node.errors]
    for sentence in silent:
        click.echo(f"captools: {sentence}", err=True)
    if silent and not any(node.captures for node in lying):
        raise CaptureFailed(f"{name}: no node tells of it", hint="make the nodes reachable and try again")
    return adopt(
        name, lying, spool_dir=where.spool_dir, out=out, end=end,
        say=lambda sentence: click.echo(f"captools: {sentence}", err=True),
    )  # fmt: skip
