"""The folder that compiled kernels are kept in, and whether the first compile is still to come.

The folder's name carries a hash of every source that ends up in machine code, of the compilers' versions and of the
processor. Runs with bounds checks or without compiling never share it.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

from captools.store.layout import user_cache
from captools.store.shelf import FolderShelf
from captools.wire.kernels.native import DECODERS, PROGRAMS, UNUSUAL

ANNOUNCEMENT = "captools: compiling the fast decoder for this machine, once (about 12 s)"
_WIRE = Path(__file__).parents[1] / "wire"
# Whatever kernels import lies here: constants of any of these files may be compiled in.
_SOURCES = (_WIRE / "kernels", _WIRE, _WIRE.parent / "model")


def prepare(announce: Callable[[str], None]) -> Path:
    """Choose the cache folder; call before anything is decoded with kernels. Returns the folder.

    ``announce`` is told once if the kernels have yet to be compiled there.
    """
    folder = _temporary() if UNUSUAL else _usable(cache_folder(os.environ))
    os.environ["NUMBA_CACHE_DIR"] = str(folder)  # for kernels that are called one by one, as tests do
    if "numba" in sys.modules:  # it has read its environment already
        sys.modules["numba"].config.CACHE_DIR = str(folder)
    PROGRAMS.shelf = FolderShelf(folder)
    if not compiled(folder):
        announce(ANNOUNCEMENT)
    return folder


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder for these sources, this numba and this processor."""
    return (
        user_cache(environ)
        / "kernels"
        / fingerprint(sources(), (version("numba"), version("llvmlite"), processor()))[:20]
    )


def sources() -> list[Path]:
    """Return the sources of the decoder: what any of them says may be compiled in."""
    return [path for folder in _SOURCES for path in sorted(folder.glob("*.py"))]


def fingerprint(sources: Iterable[Path], words: Iterable[str]) -> str:
    """Return a name that changes with any byte of ``sources`` and any of ``words``."""
    whole = hashlib.sha256()
    for source in sources:
        data = source.read_bytes()
        whole.update(f"{source.name}:{len(data)}:".encode() + data)
    for word in words:
        whole.update(f"{len(word)}:{word}".encode())
    return whole.hexdigest()


def processor() -> str:
    """Return what the processor calls itself and can do; code for one may not run on another."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    wanted = [line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))]
    return "\n".join(dict.fromkeys(wanted))


def compiled(folder: Path) -> bool:
    """Tell whether the kernels were compiled into ``folder`` before."""
    return all((folder / name).exists() for name in DECODERS)


def _usable(folder: Path) -> Path:
    """Return ``folder``, made for this user alone; a temporary one where it cannot be made (a read-only home)."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.stat().st_uid == os.getuid() and os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    return _temporary()


def _temporary() -> Path:
    """Return an empty folder that goes when this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="captools-kernels-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
