"""Ask Envoy itself about a configuration."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from captools.lab.certificate import make
from captools.lab.cluster import Proxy
from captools.lab.preflight import envoy_path


def accepted(config: Proxy, folder: Path) -> None:
    """Fail with Envoy's own words where it does not take what ``config`` makes."""
    file = folder / "envoy.json"
    file.write_text(json.dumps(config(str(make(folder / "tls")))))
    argv = [envoy_path(), "--mode", "validate", "-c", str(file)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-800:]
