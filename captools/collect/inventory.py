"""The cluster facts that go into a session: the user's inventory files and what every node told of itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from captools.collect.facts import NodeFacts
from captools.inventory.read import read_inventory
from captools.model.cluster import Cluster
from captools.model.errors import UsageError
from captools.model.identities import AT_THE_END
from captools.model.session import InventoryRecord
from captools.model.units import rfc3339
from captools.store.layout import safe_name
from captools.store.writer import inventory_name

MAX_FILE_BYTES = 256 * 1024 * 1024
MAX_FILES = 10_000
_IDENTITIES = ("kube-ciliumendpoints", "cilium-endpoints")


def read_files(paths: Iterable[Path]) -> dict[str, str]:
    """Return the text of every file given, or in a folder given, by a name that is safe to write.

    UsageError for a path that is not there. Files that are too large to be an inventory are refused as well.
    """
    texts: dict[str, str] = {}
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder", hint="correct --inventory, or [cluster] inventory")
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if not file.is_file():
                continue
            if file.stat().st_size > MAX_FILE_BYTES or len(texts) >= MAX_FILES:
                raise UsageError(
                    f"{file}: too much for an inventory", hint="give a folder that holds inventory files only"
                )
            try:
                text = file.read_text("utf-8", "surrogateescape")
            except OSError as error:
                raise UsageError(f"{file}: cannot be read ({error.strerror})", hint="check its permissions") from error
            texts[_free_name(texts, file.name)] = text
    return texts


def _free_name(taken: Mapping[str, str], name: str) -> str:
    # "__" stands between node and file in inventory names and has to stay.
    safe = "__".join(safe_name(part) for part in name.split("__", 1))
    stem, dot, suffix = safe.partition(".")
    found, number = safe, 1
    while found in taken:
        number += 1
        found = f"{stem}-{number}{dot}{suffix}"
    return found


def cluster_of(texts: Mapping[str, str], nodes: Mapping[str, NodeFacts]) -> Cluster:
    """Return the cluster as inventory files and the nodes' own reports tell it."""
    told = {inventory_name(name, file): text for name, facts in nodes.items() for file, text in facts.texts.items()}
    return read_inventory({**texts, **told})


def changed_texts(early: Mapping[str, str], late: Mapping[str, str]) -> dict[str, str]:
    """Return what is told differently at the end, under names that say so: ``wg-stop.txt``.

    Lists of identities are returned also where they are the same: a verdict about identities needs to know that
    they were asked for twice.
    """
    return {
        at_the_end(name): text
        for name, text in late.items()
        if text != early.get(name) or name.rpartition("__")[2].startswith(_IDENTITIES)
    }


def inventory_records(
    node: str, taken: Mapping[str, int], again: Mapping[str, int], changed: Iterable[str]
) -> tuple[InventoryRecord, ...]:
    """Return when each file was taken at the start and at the end (file -> ns since 1970).

    ``changed``: names of what was kept of the end (`changed_texts`). ``node`` is empty for the cluster's own files.
    """
    differs = set(changed)
    return tuple(
        InventoryRecord(
            file=inventory_name(node, name) if node else name,
            node=node,
            taken=rfc3339(taken[name]) if name in taken else "",
            again=rfc3339(again[name]) if name in again else "",
            changed=at_the_end(name) in differs,
        )
        for name in sorted({*taken, *again})
    )


def at_the_end(name: str) -> str:
    """Return ``wg-stop.txt`` for ``wg.txt``."""
    stem, dot, suffix = name.partition(".")
    return f"{stem}{AT_THE_END}{dot}{suffix}"
