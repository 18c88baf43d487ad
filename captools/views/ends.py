"""The two ends of a flow as people write them, ``A:PORT-B:PORT``, and the paths between them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

from captools.model.analysis import Analysis
from captools.model.errors import UsageError
from captools.model.paths import Path

_END = r"(?:\[([0-9A-Fa-f:.]+)\]|(\d+\.\d+\.\d+\.\d+))(?::(\d{1,5}))?"
_FLOW = re.compile(rf"\s*{_END}\s*(?:-|->)\s*{_END}\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class End:
    """One end; ``port`` None where any will do."""

    address: str
    port: int | None

    def is_at(self, address: str | None, port: int | None) -> bool:
        """Tell whether an address and port are this end."""
        return address == self.address and self.port in (None, port)


def read_ends(text: str) -> tuple[End, End]:
    """Read ``10.0.0.1:40000-10.0.0.2:80`` or ``[fd00::1]:40000-[fd00::2]:80``; ports may be left out. UsageError else."""
    found = _FLOW.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        parts = found.groups()
        return _end(*parts[:3]), _end(*parts[3:])
    except ValueError:
        raise UsageError(
            f"--flow {text}: is not two ends",
            hint="write A:PORT-B:PORT, IPv6 in brackets: 10.0.0.1:40000-10.0.0.2:80 or [fd00::1]:40000-[fd00::2]:80",
        ) from None


def _end(six: str | None, four: str | None, port: str | None) -> End:
    number = int(port) if port else None
    if number is not None and number > 65_535:
        raise ValueError(port)
    return End(str(ip_address(six or four or "")), number)


def paths_between(analysis: Analysis, ends: tuple[End, End]) -> list[Path]:
    """Return the paths between two ends, asked for in either direction, as any point saw them (before or behind NAT)."""
    return [path for path in analysis.paths if _joins(path, ends)]


def _joins(path: Path, ends: tuple[End, End]) -> bool:
    flow = path.flow
    seen = [
        (flow.src, flow.sport, flow.dst, flow.dport),
        *((hop.src, hop.sport, hop.dst, hop.dport) for hop in path.hops),
    ]
    return any(
        one.is_at(src, sport) and other.is_at(dst, dport)
        for one, other in (ends, ends[::-1])
        for src, sport, dst, dport in seen
    )
