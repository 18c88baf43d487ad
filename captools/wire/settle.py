"""WireGuard data messages that only a handshake proves: those on other ports and of odd length, decided afterwards.

A handshake anywhere in a file makes its two ports WireGuard's for the whole file, at its own depth of tunnels. So
whoever decodes a file piece by piece first splits each piece, unites the ports of all of them, and then decides what
was left.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from captools.wire.wireguard import DATA

# The least that a message must tell; the kernels' rows tell more.
MESSAGE = np.dtype([(name, np.int64) for name in ("row", "wg_type", "sport", "dport", "depth", "known")])
Ports = npt.NDArray[np.int64]  # depth << 16 | port, ascending


class Split(NamedTuple):
    """Messages of one piece: those that are WireGuard, those still undecided, and the ports that handshakes prove."""

    settled: Any
    undecided: Any
    ports: Ports


def split(messages: Any) -> Split:
    """Split messages (fields as in MESSAGE, or more) by what they prove themselves. Order stays."""
    known = messages["known"] == 1
    shaken = messages[known & (messages["wg_type"] != DATA)]
    return Split(
        those(messages, known),
        messages[~known],
        np.unique(np.concatenate([_place(shaken, "sport"), _place(shaken, "dport")])),
    )


def those(messages: Any, wanted: Any) -> Any:
    """Return the messages that are ``wanted`` (one bool each); all of them without a copy."""
    return messages if wanted.all() else messages[wanted]


def decide(undecided: Any, ports: Ports) -> Any:
    """Return those undecided messages that ``ports`` (of all pieces, in any order) prove, now marked as known."""
    proven = np.isin(_place(undecided, "sport"), ports) | np.isin(_place(undecided, "dport"), ports)
    found = undecided[proven].copy()
    found["known"] = 1
    return found


def settled(messages: Any) -> Any:
    """Return those messages of a whole file that are WireGuard, in order of their rows."""
    some = split(messages)
    found = np.concatenate([some.settled, decide(some.undecided, some.ports)])
    return found[np.argsort(found["row"], kind="stable")]


def _place(messages: Any, side: str) -> Ports:
    found: Ports = np.asarray(messages["depth"]) << 16 | np.asarray(messages[side])
    return found
