"""Start the app on a sample in a real terminal (test_tmux.py): ``python start_sample.py NAME``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import sample  # noqa: E402

from tui.app import InvestigationApp  # noqa: E402

if __name__ == "__main__":
    app = InvestigationApp(getattr(sample, sys.argv[1]), f"Reading {sys.argv[1]} …")
    app.run()
    sys.exit(app.return_code)
