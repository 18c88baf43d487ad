"""JSON Schemas (draft 2020-12) of the documents the commands print with ``--json``: one file each.

They ask for every key of DESIGN section 7 and let further ones pass: keys are added, never renamed.
"""

from __future__ import annotations

import json
import pkgutil
from typing import Any

NAMES = ("findings", "paths", "requests", "encryption", "info")


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of the document ``name``; KeyError that lists the known ones where there is none."""
    if name not in NAMES:
        raise KeyError(f"no schema {name!r}; there are: {', '.join(NAMES)}")
    # The import system reads it, as it reads this module: it works from a zip too.
    data = pkgutil.get_data(__name__, f"{name}.json")
    assert data is not None, "the package's loader can read its files"
    document: dict[str, Any] = json.loads(data)
    return document
