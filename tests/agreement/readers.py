"""One capture file by three readers: our decoder, tshark, and scapy's dissectors; and what they disagree about.

tshark and we are compared in every frame; scapy, which is slow, in at most ``most`` of them, spread over the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from captools.store.files import read_file
from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.index import read_records
from tests.agreement.scapy_columns import scapy_row
from tests.agreement.test_tshark import NOT_OURS_YET, REASONS, columns
from tests.agreement.tshark_columns import tshark_rows

MOST = 40  # frames of a file that scapy reads
NOT_READ = {"libpcap-pcap-invalid-version-1.pcap": "a version that no tool writes: we say so and read nothing"}
# A file's name -> where scapy says something else than tshark and we, and why.
OF_SCAPY = {
    "mpls-over-gre.cap": "scapy does not open MPLS in GRE (RFC 4023)",
    "zeek-erspanII.pcap": "scapy does not open ERSPAN in GRE (draft-foschiano-erspan)",
    "tcpdump-erspan-type-ii-1.pcap": "scapy does not open ERSPAN in GRE (draft-foschiano-erspan)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One column of one frame; ``reason`` is empty where none is listed. ``words`` are for people."""

    reason: str
    words: str


@dataclass(slots=True, kw_only=True)
class Result:
    """What comparing one file gave. ``by_two`` and ``by_three`` count the values that as many readers agree on."""

    path: Path
    packets: int = 0
    by_two: int = 0
    by_three: int = 0
    found: list[Disagreement] = field(default_factory=list)

    @property
    def unexplained(self) -> list[str]:
        """What no listed reason explains."""
        return [one.words for one in self.found if not one.reason]


def compare(path: Path, most: int = MOST) -> Result:
    """Compare the readers on one file."""
    result = Result(path=path)
    if path.name in NOT_READ:
        result.found.append(Disagreement(reason=NOT_READ[path.name], words=path.name))
        return result
    data, _damage = read_file(path)
    records = read_records(data, path.name)
    naming = Naming(source=path.name, points=tuple("n/e" for _ in records.interfaces))
    rows: list[dict[str, Any]] = decode(BytesView(data), records, naming).to_pylist()
    theirs = tshark_rows(path)
    result.packets = len(rows)
    if len(rows) != len(theirs):
        words = f"{path.name}: {len(rows)} frames, tshark has {len(theirs)}"
        result.found.append(Disagreement(reason=REASONS.get(path.name, ""), words=words))
    step = max(1, -(-len(rows) // most))
    for at, (row, other) in enumerate(zip(rows, theirs, strict=False)):
        third = None
        if at % step == 0:
            begin, size = int(records.offset[at]), int(records.cap_len[at])
            linktype = records.interfaces[int(records.interface[at])].linktype
            third = scapy_row(bytes(data[begin : begin + size]), linktype)
        result.found += _compare_frame(result, row, other, third or {})
    return result


def _compare_frame(
    result: Result, row: dict[str, Any], other: dict[str, list[str]], third: dict[str, Any]
) -> Iterator[Disagreement]:
    """Yield the disagreements about one frame; count the rest."""
    for name, mine, theirs in columns(row, other):
        words = f"{result.path.name}: frame {row['frame']}: {name} is {mine!r}, tshark says {theirs!r}"
        if mine != theirs:
            yield Disagreement(reason=_reason(result.path, other["protocols"]), words=f"{words} ({other['protocols']})")
        elif name in third and third[name] != mine:
            yield Disagreement(reason=OF_SCAPY.get(result.path.name, ""), words=f"{words}, scapy says {third[name]!r}")
        elif name in third:
            result.by_three += 1
        else:
            result.by_two += 1


def _reason(path: Path, protocols: list[str]) -> str:
    stack = re.split("[:|]", "".join(protocols))
    for name, reason in NOT_OURS_YET.items():
        if any(protocol.startswith(name) for protocol in stack):
            return reason
    return REASONS.get(path.name, "")
