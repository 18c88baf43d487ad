"""Any session.json is a manifest that can be written again, or MalformedCapture; nothing else."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import atheris

from captools.model.errors import MalformedCapture
from captools.model.session import manifest_from_json
from captools.store.session import MANIFEST, read_manifest
from captures import cases
from tests.fuzz.json_trees import changed, small

MAX_LEN = 16_384
_FOLDER = Path(tempfile.mkdtemp())


def seeds() -> Iterator[bytes]:
    """Yield the reference cases' manifests, with the first nodes and points only."""
    for case in cases():
        yield small((case.folder / MANIFEST).read_text("utf-8")).encode()
    yield b'{"schema": 1}'
    yield b"[" * 2_000


def mutate(data: bytes, size: int, rng: random.Random) -> bytes:
    """Change a value, sometimes a byte."""
    text = changed(data.decode("utf-8", "replace"), size, rng) if rng.random() < 0.9 else None
    return atheris.Mutate(data, size) if text is None else text.encode()


def check(data: bytes) -> None:
    """Read a manifest; what was understood is read back the same."""
    (_FOLDER / MANIFEST).write_bytes(data)
    try:
        manifest = read_manifest(_FOLDER)
    except MalformedCapture as error:
        assert error.hint
        return
    assert manifest is not None
    again = manifest_from_json(json.loads(json.dumps(manifest.to_json())), "again")
    assert again == manifest or "NaN" in data.decode("utf-8", "replace")
