"""Where spools lie on a node, and how they are opened: private folders of our own, never through a link.

BASE/captools-UID/CAPTURE-ID/, both 0700. In a folder like /tmp anybody may have made ``captools-0`` before us:
one that is not ours, or that others may enter, is refused and the next base is tried.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from typing import Any, Dict, List, Optional, Tuple

BASES = ("/var/tmp", "/tmp", "/dev/shm")
CAPTURE_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}")
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
SOCKET = "keeper"  # the keeper's Unix-domain socket in the spool folder
KEPT_FREE = 256 * 1024 * 1024
KEPT_FREE_SHARE = 20  # or a twentieth of the disk, whichever is less
LEAST_ROOM = 1024 * 1024


class Refused(Exception):
    """A command cannot be carried out: one sentence, and a code for the controller."""

    def __init__(self, sentence: str, code: str = "failed") -> None:
        super().__init__(sentence)
        self.code = code


def check_id(capture: object) -> str:
    """Return a capture id that is safe as a file name."""
    if isinstance(capture, str) and CAPTURE_ID.fullmatch(capture):
        return capture
    raise Refused("%r is no capture id (letters, digits, . _ -)" % (capture,), "bad-command")


def home(base: str, make: bool) -> int:
    """Open BASE/captools-UID; Refused where it is not safe, OSError where it is not there or cannot be made."""
    if not os.path.isabs(base):
        raise Refused("spool folder %s: give an absolute path" % base, "bad-command")
    above = os.open(base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        found = os.fstat(above)
        if found.st_uid not in (0, os.geteuid()) or (found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX):
            raise Refused("%s: others could replace what lies there; use another --spool-dir" % base, "refused")
        name = "captools-%d" % os.geteuid()
        if make:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=above)
        return _own(os.open(name, FOLDER, dir_fd=above), os.path.join(base, name))
    finally:
        os.close(above)


def _own(folder: int, path: str) -> int:
    found = os.fstat(folder)
    if found.st_uid != os.geteuid() or found.st_mode & 0o077:
        os.close(folder)
        raise Refused("%s belongs to somebody else, or others may enter it; remove it" % path, "refused")
    return folder


def room(folder: int) -> Tuple[int, int]:
    """Return (bytes free to us on its disk, bytes of it that must stay free)."""
    found = os.fstatvfs(folder)
    total = found.f_blocks * found.f_frsize
    return found.f_bavail * found.f_frsize, min(KEPT_FREE, total // KEPT_FREE_SHARE)


def create(capture: str, folder: Optional[str] = None) -> Tuple[int, str]:
    """Make the spool of a new capture, in ``folder`` if one is asked for; return descriptor and path."""
    reasons = []
    code = "refused"
    for base in [folder] if folder else BASES:
        try:
            above = home(base, make=True)
        except Refused as error:
            reasons.append(str(error))
            continue
        except OSError as error:
            reasons.append("%s: %s" % (base, error.strerror))
            continue
        try:
            free, kept = room(above)
            if free - kept < LEAST_ROOM:
                reasons.append("%s: only %d MiB are free" % (base, free >> 20))
                code = "no-room"
                continue
            os.mkdir(capture, 0o700, dir_fd=above)
            made = os.open(capture, FOLDER, dir_fd=above)
            return made, os.path.join(base, "captools-%d" % os.geteuid(), capture)
        except FileExistsError:
            raise Refused("a capture %s exists already on this node" % capture, "exists") from None
        except OSError as error:
            reasons.append("%s: %s" % (base, error.strerror))
        finally:
            os.close(above)
    raise Refused("no folder for the spool (%s); name one with --spool-dir" % "; ".join(reasons), code)


def find(capture: str, folder: Optional[str] = None) -> Tuple[int, str]:
    """Open the spool of a capture that exists; Refused (code "unknown") where there is none."""
    for base in _where([folder] if folder else []):
        with contextlib.suppress(OSError, Refused):
            above = home(base, make=False)
            try:
                found = os.open(capture, FOLDER, dir_fd=above)
            finally:
                os.close(above)
            path = os.path.join(base, "captools-%d" % os.geteuid(), capture)
            return _own(found, path), path
    raise Refused("no capture %s lies on this node" % capture, "unknown")


def known(folders: List[str]) -> Tuple[List[Tuple[str, str]], List[str]]:
    """Return (capture id, base) of everything that lies here, and a sentence per folder that was refused."""
    found, refused = [], []
    for base in _where(folders):
        try:
            above = home(base, make=False)
        except Refused as error:
            refused.append(str(error))
            continue
        except OSError:
            continue
        try:
            found += [(name, base) for name in sorted(os.listdir(above)) if CAPTURE_ID.fullmatch(name)]
        finally:
            os.close(above)
    return found, refused


def _where(folders: List[str]) -> List[str]:
    return list(dict.fromkeys([*folders, *BASES]))


def take_away(capture: str, folder: Optional[str] = None) -> None:
    """Remove a spool: the files in it, then it, then the folder above if nothing else lies there."""
    for base in _where([folder] if folder else []):
        with contextlib.suppress(OSError, Refused):
            above = home(base, make=False)
            try:
                inside = os.open(capture, FOLDER, dir_fd=above)
                try:
                    for name in os.listdir(inside):
                        with contextlib.suppress(OSError):
                            os.unlink(name, dir_fd=inside)
                finally:
                    os.close(inside)
                os.rmdir(capture, dir_fd=above)
            finally:
                os.close(above)
            with contextlib.suppress(OSError):  # others lie there
                os.rmdir(os.path.join(base, "captools-%d" % os.geteuid()))
            return


def socket_path(folder: int) -> str:
    """Return a short name of the keeper's socket: a path in sun_path has 107 bytes, a spool's may be longer."""
    return "/proc/self/fd/%d/%s" % (folder, SOCKET)


def document(spool: object) -> Dict[str, Any]:
    """Return the wishes about the spool that were sent, checked: numbers that are positive, or absent."""
    wishes: Dict[str, Any] = {}
    for name, value in (spool if isinstance(spool, dict) else {}).items():
        if value is None:
            continue
        if name in ("bytes", "ring_bytes", "keep_s", "segment_bytes"):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
                raise Refused("spool %s: %r is no positive number" % (name, value), "bad-command")
        elif name == "full" and value not in ("keep", "drop"):
            raise Refused("spool full: %r is neither keep nor drop" % (value,), "bad-command")
        wishes[name] = value
    return wishes
