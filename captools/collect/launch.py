"""How the agent gets onto a node: one short shell line, then its source through the channel's stdin.

The line works in any login shell and puts nothing on the node's disk. Python reads one more line from stdin (byte
by byte, so that no later byte is swallowed); that line reads the zipapp behind it into memory and imports it there.
"""

from __future__ import annotations

import io
import zipfile
from importlib.resources import files

# Words the launcher prints for the controller; see collect/failures.py.
NO_PYTHON = "captools-launcher: no python3"
OLD_PYTHON = "captools-launcher: python too old"

_PYTHON_LINE = "import sys;exec(sys.stdin.buffer.raw.readline())"

# No "!" and no line break: csh would read them even inside quotes. `sudo env` carries SSH_CONNECTION over,
# which sudo drops otherwise, and without which the shipping connection could not be left out of the capture.
# Where sudo refuses, we go on as we are: tcpdump may have been given the right to capture by other means.
LAUNCHER = (
    f'p=$(command -v python3) || {{ echo "{NO_PYTHON}" >&2; exit 127; }}; '
    'if [ "$(id -u)" -ne 0 ]; then '
    "if s=$(sudo -n env true 2>&1); "
    f'then exec sudo -n env SSH_CONNECTION="$SSH_CONNECTION" "$p" -I -c "{_PYTHON_LINE}" captools-agent; fi; '
    'CAPTOOLS_SUDO_SAID="$s"; export CAPTOOLS_SUDO_SAID; fi; '
    f'exec "$p" -I -c "{_PYTHON_LINE}" captools-agent'
)

# Runs on the node with ``size`` set. Where the kernel or a filter refuses memfd, a private file stands in for it
# and loses its name at once. zipimport opens the archive by name again, which /proc gives to both.
_LOADER = """
import os, sys
source, left = sys.stdin.buffer.raw, size
try:
    file = os.memfd_create("captools-agent")
except (AttributeError, OSError):
    import tempfile
    file, name = tempfile.mkstemp(prefix="captools-agent-")
    os.unlink(name)
while left:
    data = source.read(min(left, 65536))
    if not data:
        sys.exit("captools-launcher: the agent did not arrive whole")
    left -= len(data)
    while data:
        data = data[os.write(file, data):]
sys.path.insert(0, "/proc/self/fd/%d" % file)
from captools.agent.main import main
main(with_facts)
"""

_MAIN = """from captools.agent.main import main

main()
"""
# Archives hold no clock: the same sources give the same bytes.
_STAMP = (1980, 1, 1, 0, 0, 0)


def pyz() -> bytes:
    """Return the agent as a zipapp, the same bytes for the same sources."""
    members = {"__main__.py": _MAIN, "captools/__init__.py": ""}
    for entry in files("captools.agent").iterdir():
        if entry.name.endswith(".py"):
            members[f"captools/agent/{entry.name}"] = entry.read_text("utf-8")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(members):
            about = zipfile.ZipInfo(name, _STAMP)
            about.compress_type = zipfile.ZIP_DEFLATED
            about.external_attr = 0o644 << 16
            about.create_system = 3  # Unix, wherever it is packed
            archive.writestr(about, members[name])
    return packed.getvalue()


def agent_bytes(*, facts: bool = True) -> bytes:
    """Return what the waiting Python gets: one line, then the whole agent. Without ``facts`` it greets at once."""
    packed = pyz()
    # The version is checked before anything newer than Python 3.0 is parsed.
    line = (
        f'import sys; sys.version_info >= (3, 8) or sys.exit("{OLD_PYTHON} " + sys.version.split()[0]); '
        f"size, with_facts = {len(packed)}, {facts}; exec({_LOADER!r})\n"
    )
    return line.encode() + packed
