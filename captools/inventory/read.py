"""The way in: texts of inventory files, one Cluster out. A file that cannot be read becomes a warning."""

from __future__ import annotations

from collections.abc import Mapping

from captools.inventory.facts import Facts
from captools.inventory.kinds import base_name, recognise
from captools.inventory.merge import merge
from captools.inventory.values import NotAsClaimed, clean
from captools.model.cluster import Cluster
from captools.model.identities import taken_at_the_end
from captools.model.points import point_of_file


def looks_like_inventory(name: str, text: str) -> bool:
    """Tell whether a file is an inventory, by its first characters; cheap, for a loader that walks a folder."""
    return recognise(name, text) is not None


def read_inventory(files: Mapping[str, str]) -> Cluster:
    """Read inventory files (name -> text) into one Cluster.

    A file is known by its content. The name matters only for what a node says of itself (``ip``, ``wg``): it must
    be ``NODE__what.ext``. Files that are no inventory are passed over. A file that cannot be read as what it
    looks like, and statements that contradict each other, become ``Cluster.warnings``; nothing raises. Files of the
    end of the capture (``…-stop.json``) add to those of its start and never take their place.
    """
    readings: list[tuple[str, Facts]] = []
    warnings: list[str] = []
    # What was taken at the start comes first: of two statements the first one counts.
    for name, text in sorted(files.items(), key=lambda file: taken_at_the_end(file[0])):
        shown = clean(base_name(name)) or "a file without a name"
        kind = recognise(name, text)
        if kind is None:
            continue
        place = point_of_file(base_name(name))
        node = clean(place.node) if place is not None else ""
        if kind.of_node and not node:
            warnings.append(f"{shown}: looks like `{kind.name}` of some node; name it NODE__{shown} to say of which")
            continue
        try:
            facts = kind.read(text, node)
        except NotAsClaimed as error:
            warnings.append(f"{shown}: looks like `{kind.name}` but has {error}; take it again")
            continue
        warnings.extend(f"{shown}: {warning}" for warning in facts.warnings)
        readings.append((shown, facts))
    return merge(readings, warnings)
