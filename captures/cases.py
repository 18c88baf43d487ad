"""Reference cases: captures recorded from the lab, with what really happened in ``case.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

REFERENCE = Path(__file__).parent / "reference"
TRUTH = "case.toml"


@dataclass(frozen=True, slots=True)
class Case:
    """One reference case: a session folder with its truth."""

    name: str
    folder: Path
    truth: dict[str, Any]

    @property
    def captures(self) -> tuple[Path, ...]:
        """All capture files, by name; some are compressed, to keep the cases small."""
        return tuple(sorted(path for path in self.folder.iterdir() if path.name.endswith((".pcap", ".pcap.zst"))))

    def capture(self, point: str) -> Path:
        """Return the capture of one point (``k8s-w1/eth1``); KeyError where there is none."""
        stem = point.replace("/", "__")
        for path in self.captures:
            if path.name in (f"{stem}.pcap", f"{stem}.pcap.zst"):
                return path
        raise KeyError(f"{self.name}: no capture of {point}")


def cases() -> tuple[Case, ...]:
    """Return all reference cases by name."""
    return tuple(case(path.parent.name) for path in sorted(REFERENCE.glob(f"*/{TRUTH}")))


@cache
def case(name: str) -> Case:
    """Return the reference case called ``name``; KeyError that lists the known ones where there is none."""
    folder = REFERENCE / name
    if name != Path(name).name or not (folder / TRUTH).is_file():
        known = ", ".join(sorted(path.parent.name for path in REFERENCE.glob(f"*/{TRUTH}")))
        raise KeyError(f"no reference case {name!r}; there are: {known}")
    return Case(name, folder, tomllib.loads((folder / TRUTH).read_text(encoding="utf-8")))
