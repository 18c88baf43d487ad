"""Read a session folder's manifest back."""

from __future__ import annotations

import json
from pathlib import Path

from captools.model.errors import MalformedCapture
from captools.model.session import Manifest, manifest_from_json

MANIFEST = "session.json"
INVENTORY = "inventory"


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of ``folder``, None where it has none; MalformedCapture where it is damaged."""
    path = folder / MANIFEST
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise MalformedCapture(f"{path}: cannot be read ({error})", hint="open the folder's captures alone") from error
    try:
        document = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise MalformedCapture(f"{path}: not JSON ({error})", hint="open the folder's captures alone") from error
    return manifest_from_json(document, str(path))
