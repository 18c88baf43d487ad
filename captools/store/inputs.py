"""What SOURCE… means: session folders, folders of captures, single files, NODE/IFACE=FILE, ``-`` for stdin."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from captools.inventory.read import looks_like_inventory
from captools.model.errors import CaptoolsError, MalformedCapture, UsageError
from captools.model.points import parse_point, point_of_file
from captools.model.session import Manifest, PointRecord
from captools.store.files import GZIP, ZSTD
from captools.store.session import INVENTORY, MANIFEST, read_manifest
from captools.wire.index import is_capture

MAX_INVENTORY_FILE = 64 << 20
_SKIP = {".cache", ".git", "__pycache__"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureInput:
    """One capture file to open. ``required``: the user named it, so that a damaged one is an error."""

    path: Path
    point: str  # "" where the file itself must tell (pcapng interface name, else the stem)
    record: PointRecord | None = None
    required: bool = False


@dataclass(slots=True)
class Inputs:
    """Everything that SOURCE… named, in the order given."""

    captures: list[CaptureInput] = field(default_factory=list)
    inventory: dict[str, str] = field(default_factory=dict)  # file name -> text
    manifest: Manifest | None = None
    warnings: list[str] = field(default_factory=list)
    title: str = ""
    failed_points: list[PointRecord] = field(default_factory=list)


def expand(sources: tuple[str, ...], inventory: tuple[str, ...] = ()) -> Inputs:
    """Return what ``sources`` (and ``--inventory`` paths) hold.

    UsageError where nothing was named, MalformedCapture where a named file or folder is not there.
    """
    if not sources:
        raise UsageError("no SOURCE was given", hint="name a session folder, a capture file or a folder of captures")
    inputs = Inputs(title=", ".join(Path(source).name or source for source in sources))
    for source in sources:
        _one(inputs, source)
    for extra in inventory:
        path = Path(extra)
        if not path.exists():
            raise MalformedCapture(f"{path}: no such inventory file or folder", hint="check --inventory")
        _inventory(inputs, path)
    if not inputs.captures:
        raise MalformedCapture(
            f"{inputs.title}: no capture file in there", hint="a capture is a pcap or pcapng file, packed or not"
        )
    return inputs


def _one(inputs: Inputs, source: str) -> None:
    if source == "-":
        inputs.captures.append(CaptureInput(path=_stdin(), point="stdin", required=True))
        return
    named, point = Path(source), ""
    if not named.exists() and "=" in source:
        text, _, name = source.partition("=")
        try:
            point = str(parse_point(text))
        except ValueError as error:
            raise UsageError(str(error)) from None
        named = Path(name)
    if not named.exists():
        raise MalformedCapture(f"{named}: no such file or folder", hint="check the name; `captools nodes` lists nodes")
    if named.is_dir():
        _folder(inputs, named)
    else:
        _file(inputs, named, point)


def _stdin() -> Path:
    """Keep what comes in on stdin in a private temporary file, gone when the program ends."""
    import atexit

    with tempfile.NamedTemporaryFile(prefix="captools-stdin-", suffix=".pcap", delete=False) as file:
        while part := sys.stdin.buffer.read(1 << 20):
            file.write(part)
    atexit.register(lambda: Path(file.name).unlink(missing_ok=True))
    return Path(file.name)


def _folder(inputs: Inputs, folder: Path) -> None:
    manifest: Manifest | None = None
    try:
        manifest = read_manifest(folder)
    except MalformedCapture as error:
        inputs.warnings.append(f"{error}; reading the captures in it as loose files")
    if manifest is None and (folder / INVENTORY).is_dir():
        inputs.warnings.append(
            f"{folder}: no {MANIFEST} in this session folder; its captures are read as loose files, "
            "so that filters and the tools' own counts are unknown"
        )
    _inventory(inputs, folder)
    if manifest is not None:
        inputs.manifest = manifest if inputs.manifest is None else inputs.manifest
        inputs.warnings += [f"{folder.name}: {text}" for text in manifest.warnings]
        if not manifest.complete:
            inputs.warnings.append(f"{folder}: the capture did not end properly; what was written by then is shown")
    records = {record.file: record for record in manifest.points} if manifest else {}
    seen = set()
    for path in sorted(_walk(folder)):
        if _head_is_capture(path):
            record = records.get(str(path.relative_to(folder)))
            seen.add(record.file if record else "")
            inputs.captures.append(CaptureInput(path=path, point=_point(path, record), record=record))
        elif path.suffix in (".pcap", ".pcapng", ".cap"):
            record = records.get(str(path.relative_to(folder)))
            inputs.captures.append(CaptureInput(path=path, point=_point(path, record), record=record))
    for record in records.values():
        if record.file not in seen:
            inputs.failed_points.append(record)


def _file(inputs: Inputs, path: Path, point: str) -> None:
    record = None
    try:
        manifest = read_manifest(path.parent)
    except CaptoolsError:
        manifest = None
    if manifest is not None:
        record = next((one for one in manifest.points if one.file == path.name), None)
    inputs.captures.append(CaptureInput(path=path, point=point or _point(path, record), record=record, required=True))
    _inventory(inputs, path.parent)


def _point(path: Path, record: PointRecord | None) -> str:
    if record is not None:
        return record.point
    point = point_of_file(path.name)
    return str(point) if point else ""


def _walk(folder: Path) -> list[Path]:
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIP and name != INVENTORY)
        found += [Path(root) / name for name in files]
    return found


def _head_is_capture(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError:
        return False
    return is_capture(head) or ((head[:2] == GZIP or head == ZSTD) and ".pcap" in path.name)


def _inventory(inputs: Inputs, path: Path) -> None:
    """Pick up inventory files by content: a file itself, or those directly in a folder and its ``inventory/``."""
    if path.is_dir():
        files = sorted(one for one in path.iterdir() if one.is_file())
        inside = path / INVENTORY
        if inside.is_dir():
            files += sorted(one for one in inside.iterdir() if one.is_file())
    else:
        files = [path]
    for file in files:
        if file.name == MANIFEST or _head_is_capture(file):
            continue
        try:
            if file.stat().st_size > MAX_INVENTORY_FILE:
                continue
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            inputs.warnings.append(f"{file}: cannot be read ({error.strerror}); left out")
            continue
        if "\0" not in text[:1024] and looks_like_inventory(file.name, text):
            inputs.inventory[file.name] = text
