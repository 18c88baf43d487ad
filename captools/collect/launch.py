"""How the agent gets onto a node: one short shell line, then its source through the channel's stdin.

The line works in any login shell and puts nothing on the node's disk. Python reads one more line from stdin
(byte by byte, so that no later frame is swallowed), and that line holds the agent's packed modules.
"""

from __future__ import annotations

import base64
import json
import zlib
from importlib.resources import files

# In the order they import each other. The names are the real ones, so that the sources run unchanged.
MODULES = (
    "captools.agent.frames",
    "captools.agent.facts",
    "captools.agent.tool",
    "captools.agent.warden",
    "captools.agent.main",
)

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

_LOADER = """
import sys, types
for name, source in modules:
    module = types.ModuleType(name)
    module.__path__ = []
    sys.modules[name] = module
    exec(compile(source, "<" + name + ">", "exec"), module.__dict__)
sys.modules["captools.agent.main"].main()
"""


def agent_line() -> bytes:
    """Return the one line that the waiting Python executes: the whole agent, packed."""
    package = files("captools.agent")
    modules = [["captools", ""], ["captools.agent", ""]]
    for name in MODULES:
        modules.append([name, package.joinpath(name.rpartition(".")[2] + ".py").read_text("utf-8")])
    packed = base64.b64encode(zlib.compress(json.dumps(modules).encode(), 9)).decode()
    # The version is checked before anything newer than Python 3.0 is parsed.
    return (
        f'import sys; sys.version_info >= (3, 8) or sys.exit("{OLD_PYTHON} " + sys.version.split()[0]); '
        f'import base64, json, zlib; modules = json.loads(zlib.decompress(base64.b64decode("{packed}")).decode()); '
        f"exec({_LOADER!r})\n"
    ).encode()
