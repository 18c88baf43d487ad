"""``python -m captools.cli``: the command line where no script is installed."""

from __future__ import annotations

from captools.cli.main import script

script()
