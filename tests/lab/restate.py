"""Write into every reference case what its scenario expects today: ``python -m tests.lab.restate``."""

from __future__ import annotations

import tomllib

from captools.lab.catalogue import catalogue
from captools.lab.record import CASE_FILE
from captools.lab.skew import Skew, expected_of
from captools.lab.tomltext import to_toml
from captures.cases import REFERENCE


def main() -> None:
    """Rewrite the findings of each ``case.toml``; captures and truth stay as they were recorded."""
    known = catalogue()
    for path in sorted(REFERENCE.glob(f"*/{CASE_FILE}")):
        case = tomllib.loads(path.read_text(encoding="utf-8"))
        scenario = known[case["id"]]
        clocks = [Skew(node=one["node"], offset_ns=one["offset_ns"]) for one in case["truth"].get("clocks", ())]
        expected = [one.to_json() for one in scenario.expected] + expected_of(clocks)
        case |= {"schema": 2, "findings": {"expected": expected}}
        path.write_text(to_toml(case), encoding="utf-8")


if __name__ == "__main__":
    main()
