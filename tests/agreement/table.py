"""Who agrees with whom, as a table: files, packets, values compared, and every disagreement with its reason.

    python -m tests.agreement.table            the reference captures and, where they are, the shared real ones
    python -m tests.agreement.table vxlan dns  only these folders of the shared ones
    python -m tests.agreement.table --quick    without the compiled kernels

"values by 2" are those of tshark and our decoder, "by 3" also of scapy's dissectors (a sample of the frames of each
file). "kernel" counts the files of which the compiled kernels give the very table of the reference decoder, in every
column. The command ends with 1 where a disagreement has no listed reason.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from captools.views.text import table
from captures import cases
from tests.agreement.readers import NOT_READ, Result, compare
from tests.agreement.test_tshark import real_captures
from tests.conftest import SHARED

SHOWN = 20
HEADER = ("captures", "files", "packets", "values by 2", "by 3", "kernel", "disagree", "without reason")


@dataclass(slots=True)
class Totals:
    """The sums over some files."""

    files: int = 0
    packets: int = 0
    by_two: int = 0
    by_three: int = 0
    kernel: int = 0
    disagreements: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)

    def add(self, result: Result, kernel: bool) -> None:
        """Add what one file gave."""
        self.files += 1
        self.packets += result.packets
        self.by_two += result.by_two
        self.by_three += result.by_three
        self.kernel += kernel
        self.disagreements += len(result.found)
        self.reasons.update(one.reason for one in result.found if one.reason)
        self.unexplained += result.unexplained

    def cells(self, name: str, kernels: bool) -> list[str]:
        """Return the line of the table."""
        counts = (self.files, self.packets, self.by_two, self.by_three)
        road = f"{self.kernel:,}" if kernels else "-"
        return [name, *(f"{one:,}" for one in counts), road, f"{self.disagreements:,}", f"{len(self.unexplained):,}"]


def folders(chosen: Sequence[str] = ()) -> dict[str, list[Path]]:
    """Return folder -> its captures: ``reference``, and the folders of the shared real captures."""
    found: dict[str, list[Path]] = defaultdict(list)
    for case in cases():
        found["reference"] += [path for path in case.captures if path.stat().st_size > 24]
    for path in real_captures():
        found[path.relative_to(SHARED / "captures-real").parts[0]].append(path)
    return {name: paths for name, paths in found.items() if not chosen or name in chosen}


def totals(files: dict[str, list[Path]], *, kernels: bool = False) -> dict[str, Totals]:
    """Compare all files; return folder -> its sums. tshark runs for two files at a time."""
    found: dict[str, Totals] = defaultdict(Totals)
    jobs = [(name, path) for name, paths in files.items() for path in paths]
    with ThreadPoolExecutor(2) as pool:
        for (name, path), result in zip(jobs, pool.map(lambda job: compare(job[1]), jobs), strict=True):
            found[name].add(result, kernels and path.name not in NOT_READ and _kernels_agree(path, result))
    return dict(found)


def _kernels_agree(path: Path, result: Result) -> bool:
    """Tell whether the kernels give the reference's table; what differs is a disagreement without a reason."""
    from captools.store.files import read_file
    from tests.agreement.readers import Disagreement
    from tests.wire.equality import assert_same

    try:
        assert_same(bytes(read_file(path)[0]))
    except AssertionError as error:
        result.found.append(Disagreement(reason="", words=f"{path.name}: {error}"))
        return False
    return True


def summed(each: Iterable[Totals]) -> Totals:
    """Return the sums over all folders."""
    whole = Totals()
    for one in each:
        whole.files += one.files
        whole.packets += one.packets
        whole.by_two += one.by_two
        whole.by_three += one.by_three
        whole.kernel += one.kernel
        whole.disagreements += one.disagreements
        whole.reasons += one.reasons
        whole.unexplained += one.unexplained
    return whole


def printed(each: dict[str, Totals], *, kernels: bool) -> str:
    """Return the table, the reasons, and what has none."""
    whole = summed(each.values())
    rows = [one.cells(name, kernels) for name, one in each.items()]
    lines = [table(HEADER, [*rows, whole.cells("all", kernels)]), "", "Disagreements by reason:"]
    lines += [f"{count:>8,}  {reason}" for reason, count in whole.reasons.most_common()]
    if whole.unexplained:
        lines += ["", "Without a reason:", *(f"  {one}" for one in whole.unexplained[:SHOWN])]
    return "\n".join(lines)


def main(words: Sequence[str]) -> int:
    """Print the table; return 1 where something disagrees without a reason."""
    asked = argparse.ArgumentParser(prog="python -m tests.agreement.table", description="Who agrees with whom.")
    asked.add_argument("folders", nargs="*", help="only these folders (reference, vxlan, dns …)")
    asked.add_argument("--quick", action="store_true", help="without the compiled kernels")
    options = asked.parse_args(words)
    each = totals(folders(options.folders), kernels=not options.quick)
    print(printed(each, kernels=not options.quick))
    return bool(summed(each.values()).unexplained)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
