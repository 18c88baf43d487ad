"""What is imported when: the command line's help and the public package stay light, pure rooms stay pure."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("scapy", "textual", "pandas", "pyarrow", "numpy", "numba", "duckdb", "rich", "jinja2", "pyshark")
UI_AND_IO = ("textual", "scapy", "click", "pyshark", "rich")
PURE = ("model", "wire", "inventory", "correlate", "findings", "views")


def loaded(code: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter holds after ``code``."""
    script = f"{code}\nimport sys\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.split())


def test_help_loads_nothing_heavy() -> None:
    code = (
        "from captools.cli.main import main\n"
        "import contextlib, io\n"
        "with contextlib.redirect_stdout(io.StringIO()) as out:\n"
        "    main.main(['--help'], standalone_mode=False)\n"
        "assert 'capture' in out.getvalue()"
    )
    assert loaded(code).isdisjoint(HEAVY)


def test_importing_captools_loads_nothing_heavy() -> None:
    assert loaded("import captools; captools.__version__").isdisjoint(HEAVY)


@pytest.mark.parametrize("room", PURE)
def test_pure_rooms_know_no_screen_and_no_other_reader(room: str) -> None:
    code = (
        f"import captools.{room} as room, pkgutil, importlib\n"
        f"for one in pkgutil.walk_packages(room.__path__, 'captools.{room}.'):\n    importlib.import_module(one.name)"
    )
    assert loaded(code).isdisjoint(UI_AND_IO)
