"""What SOURCE… means: session folders, folders of captures, single files, NODE/IFACE=FILE, ``-`` for stdin."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from captools.inventory.read import looks_like_inventory
from captools.model.errors import CaptoolsError, MalformedCapture, UsageError
from captools.model.points import file_name, parse_point, point_of_file
from captools.model.session import Manifest, PointRecord
from captools.store.files import as_text
from captools.store.rotated import unite
from captools.store.session import INVENTORY, MANIFEST, read_manifest
from captools.store.spool import keep
from captools.store.stream import open_stream, read_exactly
from captools.wire.index import is_capture

MAX_INVENTORY_FILE = 64 << 20
_HEAD, _BLOCK = 1024, 1 << 16
_SKIP = {".cache", ".git", "__pycache__"}
_TEXT_HEAD = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureInput:
    """One capture file to open.

    ``stem``: what a set of rotated files is called, where neither the user nor a file tells its point. ``required``:
    the user named it, so that a damaged one is an error. ``temporary``: it came through a pipe, and the file that keeps
    it goes when the program ends.
    """

    path: Path
    point: str  # "" where the file itself must tell (pcapng interface name, else the stem)
    record: PointRecord | None = None
    stem: str = ""
    required: bool = False
    temporary: bool = False


@dataclass(slots=True)
class Inputs:
    """Everything that SOURCE… named, in the order given."""

    captures: list[CaptureInput] = field(default_factory=list)
    inventory: dict[str, str] = field(default_factory=dict)  # file path -> text
    manifest: Manifest | None = None  # of several sessions: their nodes and points together
    warnings: list[str] = field(default_factory=list)
    title: str = ""
    failed_points: list[PointRecord] = field(default_factory=list)


def expand(sources: tuple[str, ...], inventory: tuple[str, ...] = ()) -> Inputs:
    """Return what ``sources`` (and ``--inventory`` paths) hold.

    UsageError where nothing was named, MalformedCapture where a named file or folder is not there.
    """
    if not all(sources):
        # Path("") is the current folder: an unset variable must not read whatever lies there.
        raise UsageError("an empty SOURCE was given", hint="is the variable in it set?")
    if not sources:
        raise UsageError("no SOURCE was given", hint="name a session folder, a capture file or a folder of captures")
    inputs = Inputs(title=", ".join(Path(source).name or source for source in sources))
    for source in sources:
        _one(inputs, source)
    _extra(inputs, inventory)
    inputs.captures = unite(inputs.captures)
    if not inputs.captures:
        raise MalformedCapture(
            f"{inputs.title}: no capture file in there",
            hint="a capture is a pcap or pcapng file, packed or not, or a text log of tcpdump or ngrep",
        )
    return inputs


def followed(sources: tuple[str, ...], inventory: tuple[str, ...] = ()) -> Inputs:
    """Return what the one SOURCE of ``--follow`` is; of a pipe (``temporary``) nothing is read.

    UsageError where it is more than one file, MalformedCapture where it is not there.
    """
    if len(sources) != 1:
        raise UsageError(f"--follow takes one SOURCE, {len(sources)} were given", hint="start one command for each")
    name, point = _named(sources[0])
    path = Path("/dev/stdin" if name == "-" else name)
    if not name or not _exists(str(path)):
        raise MalformedCapture(f"{name or sources[0]}: no such file", hint="start what writes it first")
    if path.is_dir():
        raise UsageError(
            f"{name}: a folder cannot be followed", hint="name a session folder, or the one file in it that grows"
        )
    inputs = Inputs(title=path.name)
    if name == "-" or not path.is_file():
        inputs.captures.append(
            CaptureInput(path=path, point=point or _point(path, None), required=True, temporary=True)
        )
    else:
        _file(inputs, path, point)
    _extra(inputs, inventory)
    return inputs


def inventory_of(folder: Path, inventory: tuple[str, ...] = ()) -> tuple[dict[str, str], list[str]]:
    """Return the cluster facts in a session folder and in ``--inventory`` paths (path -> text), and warnings."""
    inputs = Inputs()
    _inventory(inputs, folder)
    _extra(inputs, inventory)
    return inputs.inventory, inputs.warnings


def _extra(inputs: Inputs, inventory: tuple[str, ...]) -> None:
    """Add what ``--inventory`` names."""
    for extra in inventory:
        if not _exists(extra):
            raise MalformedCapture(f"{extra}: no such inventory file or folder", hint="check --inventory")
        if not _inventory(inputs, Path(extra)):
            inputs.warnings.append(f"{extra}: nothing in it is known as cluster facts; left out")


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # too long, not to be entered, or with a NUL in it
        return False


def _named(source: str) -> tuple[str, str]:
    """Return the file name of a SOURCE and the point that ``NODE/IFACE=FILE`` gives it; UsageError for no point."""
    if _exists(source) or "=" not in source:
        return source, ""
    text, _, name = source.partition("=")
    try:
        return name, str(parse_point(as_text(text)))
    except ValueError as error:
        raise UsageError(str(error)) from None


def _one(inputs: Inputs, source: str) -> None:
    name, point = _named(source)
    path = Path(name)
    if name == "-":
        kept = keep(sys.stdin.buffer, "stdin")
        inputs.captures.append(CaptureInput(path=kept, point=point, required=True, temporary=True))
    elif not name or not _exists(name):
        raise MalformedCapture(
            f"{name or source}: no such file or folder", hint="check the name, and that this user may enter its folder"
        )
    elif path.is_dir():
        if point:
            raise UsageError(f"{source}: a folder holds many points", hint="write NODE/INTERFACE=FILE for each file")
        _folder(inputs, path)
    elif path.is_file():
        _file(inputs, path, point)
    elif not path.is_fifo():
        raise MalformedCapture(f"{name}: neither a file nor a folder", hint="give a capture file, or - for stdin")
    else:
        with path.open("rb") as pipe:
            kept = keep(pipe, path.name)
        inputs.captures.append(
            CaptureInput(path=kept, point=point or _point(path, None), required=True, temporary=True)
        )


def _folder(inputs: Inputs, folder: Path) -> None:
    manifest: Manifest | None = None
    try:
        manifest = read_manifest(folder)
    except MalformedCapture as error:
        inputs.warnings.append(f"{error}; reading the captures in it as loose files")
    else:
        if manifest is None and (folder / INVENTORY).is_dir():
            inputs.warnings.append(
                f"{folder}: no {MANIFEST} in this session folder; its captures are read as loose files, "
                "so that filters and the tools' own counts are unknown"
            )
    _inventory(inputs, folder)
    if manifest is not None:
        _adopt(inputs, manifest)
        inputs.warnings += [f"{folder.name}: {text}" for text in manifest.warnings]
        if not manifest.complete:
            inputs.warnings.append(f"{folder}: the capture did not end properly; what was written by then is shown")
    records = {record.file: record for record in manifest.points} if manifest else {}
    # ngrep leaves its text beside its pcap: two files of one point
    printouts = {record.text_file: record for record in manifest.points if record.text_file} if manifest else {}
    found, sessions = _walk(folder)
    for path in found:
        name = str(path.relative_to(folder))
        record = records.pop(name, None) or printouts.get(name)
        inputs.captures.append(CaptureInput(path=path, point=_point(path, record), record=record))
    inputs.failed_points += records.values()
    for parent in sorted({path.parent for path in found} - {folder}):
        _inventory(inputs, parent)
    for session in sessions:
        _folder(inputs, session)


def _file(inputs: Inputs, path: Path, point: str) -> None:
    manifest: Manifest | None = None
    try:
        manifest = read_manifest(path.parent)
    except CaptoolsError as error:
        inputs.warnings.append(f"{error}; {path.name} is read as a loose file")
    records = manifest.points if manifest else ()
    record = next((one for one in records if path.name in (one.file, one.text_file)), None)
    if manifest is not None and record is not None:
        # What befell the session's other nodes is no matter of this file.
        nodes = tuple(node for node in manifest.nodes if node.name == record.node)
        _adopt(inputs, replace(manifest, nodes=nodes, points=(record,)))
    inputs.captures.append(CaptureInput(path=path, point=point or _point(path, record), record=record, required=True))
    _inventory(inputs, path.parent)


def _adopt(inputs: Inputs, manifest: Manifest) -> None:
    """Add a session's nodes and points to what is known of the sessions before it."""
    known = inputs.manifest
    if known is None:
        inputs.manifest = manifest
        return
    names = {node.name for node in known.nodes}
    inputs.manifest = replace(
        known,
        nodes=known.nodes + tuple(node for node in manifest.nodes if node.name not in names),
        points=known.points + tuple(point for point in manifest.points if point not in known.points),
    )


def _point(path: Path, record: PointRecord | None) -> str:
    if record is not None:
        return record.point
    point = point_of_file(as_text(path.name))
    return str(point) if point else ""


def _walk(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the capture files in ``folder`` and below, and the session folders below it."""
    captures: list[Path] = []
    sessions: list[Path] = []
    for root, folders, files in os.walk(folder):
        if MANIFEST in files and Path(root) != folder:
            sessions.append(Path(root))
            folders.clear()
            continue
        folders[:] = [name for name in folders if name not in _SKIP and name != INVENTORY]
        # Only regular files: opening a FIFO would wait for a writer.
        paths = (Path(root) / name for name in files)
        captures += [path for path in paths if path.is_file() and _is_source(path)]
    return sorted(captures), sorted(sessions)


def _is_source(path: Path) -> bool:
    """Tell whether a file in a folder is a capture, or a text log of a known tool."""
    if _is_capture(path) or file_name(path.name).kind:
        return True
    from captools.wire.text.recognise import printed  # the patterns of logs, which captures need not wait for

    try:
        with path.open("rb") as file:
            return bool(printed(file.read(_TEXT_HEAD)))
    except OSError:
        return False


def _is_capture(path: Path) -> bool:
    """Tell by its content, packed or not; of one whose packing is damaged, by its name."""
    try:
        with open_stream(path) as stream:
            return is_capture(read_exactly(stream, 4))
    except MalformedCapture:
        return bool(file_name(path.name).kind)


def _inventory(inputs: Inputs, path: Path) -> int:
    """Pick up inventory files by content: a file itself, or those directly in a folder and its ``inventory/``.

    Returns how many there were.
    """
    found = 0
    if path.is_dir():
        files = sorted(one for one in path.iterdir() if one.is_file())
        inside = path / INVENTORY
        if inside.is_dir():
            files += sorted(one for one in inside.iterdir() if one.is_file())
    else:
        files = [path]
    for file in files:
        if file.name == MANIFEST or _is_capture(file):
            continue
        try:
            text = _inventory_text(file)
        except MalformedCapture as error:
            inputs.warnings.append(f"{error}; left out")
            continue
        if text and looks_like_inventory(file.name, text):
            inputs.inventory[str(file)] = text
            found += 1
    return found


def _inventory_text(path: Path) -> str:
    """Return the text of a file, unpacked if it is packed; the empty string if it is none, or larger than any inventory."""
    whole = bytearray()
    with open_stream(path) as stream:
        while block := read_exactly(stream, _BLOCK if whole else _HEAD):
            if not whole and b"\0" in block:
                return ""
            whole += block
            if len(whole) > MAX_INVENTORY_FILE:
                return ""
    return whole.decode("utf-8", "replace")
