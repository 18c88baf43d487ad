"""Reference cases: captures recorded from the lab, with what really happened in ``case.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
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


def cases() -> tuple[Case, ...]:
    """Return all reference cases by name."""
    return tuple(case(path.parent.name) for path in sorted(REFERENCE.glob(f"*/{TRUTH}")))


def case(name: str) -> Case:
    """Return the reference case called ``name``; KeyError that lists the known ones where there is none."""
    folder = REFERENCE / name
    if name != Path(name).name or not (folder / TRUTH).is_file():
        known = ", ".join(sorted(path.parent.name for path in REFERENCE.glob(f"*/{TRUTH}")))
        raise KeyError(f"no reference case {name!r}; there are: {known}")
    return Case(name, folder, tomllib.loads((folder / TRUTH).read_text(encoding="utf-8")))
