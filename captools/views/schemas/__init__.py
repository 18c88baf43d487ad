"""JSON Schemas (draft 2020-12) of the documents the commands print with ``--json``: one file each.

They ask for every key of DESIGN section 7 and let further ones pass: keys are added, never renamed.
"""

from __future__ import annotations

import json
import pkgutil
import re
from typing import Any

NAMES = ("findings", "paths", "requests", "encryption", "info", "routes")


# Of captools explain --frame, diff, capture --plan and nodes: not of one analysis.
OTHERS = ("frames", "diff", "plan", "nodes")
_ELSEWHERE = re.compile(r"(?P<file>[a-z]+)\.json#/\$defs/(?P<name>\w+)")


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of the document ``name``, whole; KeyError that lists the known ones where there is none.

    A file may refer to another one's definitions (``findings.json#/$defs/finding``): they come with it.
    """
    if name not in NAMES + OTHERS:
        raise KeyError(f"no schema {name!r}; there are: {', '.join(NAMES + OTHERS)}")
    document = _file(name)
    if brought := _bring(document, {}):
        document.setdefault("$defs", {}).update(brought)
    return document


def _file(name: str) -> dict[str, Any]:
    # The import system reads it, as it reads this module: it works from a zip too.
    data = pkgutil.get_data(__name__, f"{name}.json")
    assert data is not None, "the package's loader can read its files"
    document: dict[str, Any] = json.loads(data)
    return document


def _bring(node: Any, found: dict[str, Any]) -> dict[str, Any]:
    """Turn references to other files into references to definitions of our own, and return these in ``found``."""
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _bring(child, found)
    there = _ELSEWHERE.fullmatch(str(node.get("$ref", ""))) if isinstance(node, dict) else None
    if there:
        node["$ref"] = f"#/$defs/{there['file']}.{there['name']}"
        if f"{there['file']}.{there['name']}" not in found:
            for name, one in _file(there["file"])["$defs"].items():
                found[f"{there['file']}.{name}"] = _renamed(one, there["file"])
    return found


def _renamed(node: Any, file: str) -> Any:
    """Return a definition of ``file`` whose references to its neighbours lead to them under their names here."""
    if isinstance(node, list):
        return [_renamed(one, file) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: _renamed(value, file) for key, value in node.items()}
    if isinstance(made.get("$ref"), str):
        made["$ref"] = made["$ref"].replace("#/$defs/", f"#/$defs/{file}.")
    return made
