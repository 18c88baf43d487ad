"""arping's text: whose MAC addresses answered, and how many questions were sent (arping 2 and iputils' arping)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from captools.inventory.facts import Facts
from captools.inventory.values import NotAsClaimed, address
from captools.model.arp import Arping

BEGINNING = re.compile(r"^ARPING\s+[0-9a-fA-F.:]+(?:\s+from\s+\S+\s+\S+)?\s*$")
_BEGINNING = re.compile(r"ARPING\s+(?P<address>\S+)(?:\s+from\s+\S+\s+(?P<interface>\S+))?\s*$")
_MAC = r"(?P<mac>[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){5})"
# "60 bytes from MAC (ADDRESS): index=0 time=…" and "Unicast reply from ADDRESS [MAC]  0.7ms"
_ANSWERS = (
    re.compile(rf"\d+ bytes from {_MAC} \((?P<address>[^)]+)\):"),
    re.compile(rf"(?:Unicast|Broadcast) reply from (?P<address>\S+) \[{_MAC}\]"),
)
# "2 packets transmitted, 3 packets received, …", and "Sent 3 probes (1 broadcast(s))" with "Received 0 response(s)" below
_TOTALS = re.compile(r"(?P<sent>\d+) packets transmitted, (?P<received>\d+) packets received")
_SENT, _RECEIVED = re.compile(r"Sent (?P<number>\d+) probes?"), re.compile(r"Received (?P<number>\d+) response")
_MANY = 9  # digits of a count beyond which it is none


@dataclass(slots=True)
class _Run:
    address: str
    interface: str
    line: int
    last_line: int
    macs: list[str] = field(default_factory=list)
    sent: int | None = None
    received: int | None = None


def read_arping(text: str, node: str) -> Facts:
    """Read the runs of arping in ``text``; ``node`` is where it ran, "" where the file's name does not say."""
    found = [
        Arping(
            address=run.address, sent=run.sent, received=run.received, macs=tuple(run.macs), node=node,
            interface=run.interface, line=run.line, last_line=run.last_line,
        )
        for run in _runs(text)
    ]  # fmt: skip
    if not found:
        raise NotAsClaimed("no address behind ARPING that can be read")
    return Facts(arpings=found)


def _runs(text: str) -> Iterator[_Run]:
    run: _Run | None = None
    for number, whole in enumerate(text.splitlines(), start=1):
        line = whole.strip()[:1_000]
        if begin := _BEGINNING.match(line):
            if run is not None:
                yield run
            target = address(begin["address"])
            run = _Run(target, begin["interface"] or "", number, number) if target else None
        elif run is not None and _said(run, line):
            run.last_line = number
    if run is not None:
        yield run


def _said(run: _Run, line: str) -> bool:
    """Take up what a line of a run says; False where it says nothing that counts."""
    for pattern in _ANSWERS:
        if answer := pattern.match(line):
            if address(answer["address"]) == run.address:
                run.macs.append(":".join(part.zfill(2) for part in answer["mac"].lower().split(":")))
            return True
    if totals := _TOTALS.match(line):
        run.sent, run.received = _number(totals["sent"]), _number(totals["received"])
    elif sent := _SENT.match(line):
        run.sent = _number(sent["number"])
    elif received := _RECEIVED.match(line):
        run.received = _number(received["number"])
    else:
        return False
    return True


def _number(digits: str) -> int | None:
    return int(digits) if len(digits) <= _MANY else None
