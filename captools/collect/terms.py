"""What a node's agent is told when a capture begins, apart from the tools themselves."""

from __future__ import annotations

import getpass
import hashlib
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from captools.collect.request import CaptureRequest
from captools.collect.spooling import DEFAULT_SPOOL_BYTES, RING_PARTS, SpoolWish

LEASE_S = 1800.0  # a capture whose controller is silent for so long stops by itself
STREAM_LEASE_S = 90.0  # one that nobody could fetch, since its packets were only streamed; then it lingers as long
LINGER_S = 24 * 3600.0  # how long packets wait on a node for whoever fetches them
_NOT_AN_ID = re.compile(r"[^A-Za-z0-9_-]+")
MIN_SEGMENT_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One capture's terms, the same on all its nodes.

    capture: its id, the beginning of its name on each node. ship: packets come home while it runs; False for a
    detached capture and for a ring, whose packets rest on the node. lease_s: None for a capture that needs no
    controller. words: our own JSON, which the agent gives back to whoever lists what lies there.
    """

    capture: str
    spool: SpoolWish = SpoolWish()
    ship: bool = True
    lease_s: float | None = LEASE_S
    linger_s: float = LINGER_S
    duration_s: float | None = None
    until_regex: str = ""
    until_after_s: float = 0.0
    words: Mapping[str, Any] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)

    def id_on(self, node: str) -> str:
        """Return what the capture is called on ``node``: two nodes may share one disk (a lab, containers)."""
        if node in self.ids:
            return self.ids[node]
        ending = hashlib.sha256(node.encode("utf-8", "surrogateescape")).hexdigest()[:6]
        return f"{self.capture}.{_NOT_AN_ID.sub('_', node)[:8]}-{ending}"

    def start(self, node: str, tools: list[Mapping[str, object]]) -> dict[str, Any]:
        """Return the details of the agent's ``start`` command for ``node`` (agent/main.py)."""
        wish = self.spool
        segment = wish.segment_bytes
        if wish.ring_bytes is not None:
            segment = min(segment, max(MIN_SEGMENT_BYTES, wish.ring_bytes // RING_PARTS))
        room = max(wish.spool_bytes, wish.ring_bytes or 0)
        return {
            "capture": self.id_on(node),
            "tools": tools,
            "spool": {
                # The agent has the same default, and says nothing where a node has less room than that.
                "bytes": None if room == DEFAULT_SPOOL_BYTES else room,
                "full": wish.full,
                "ring_bytes": wish.ring_bytes,
                "keep_s": wish.keep_s,
                "segment_bytes": segment,
                "dir": wish.spool_dir or None,
            },
            "lease_s": self.lease_s,
            "linger_s": self.linger_s,
            "duration_s": self.duration_s,
            "until_regex": self.until_regex or None,
            "until_after_s": self.until_after_s,
            "words": dict(self.words),
        }


def terms_of(asked: CaptureRequest, capture: str, session: str, started_ns: int) -> Terms:
    """Return the terms of a new capture; ``session``: where its packets go, for whoever finds it on a node."""
    words = {
        "capture": capture,
        "session": session,
        "host": socket.gethostname(),
        "user": _user(),
        "command": list(asked.command),
        "started_ns": started_ns,
    }
    return Terms(
        capture=capture,
        spool=asked.spool,
        ship=not asked.detach and not asked.spool.ring,
        lease_s=None if asked.detach else LEASE_S if asked.keep else STREAM_LEASE_S,
        linger_s=LINGER_S if asked.keep else STREAM_LEASE_S,
        duration_s=asked.duration_s,
        until_regex=asked.until_regex,
        until_after_s=asked.until_after_s,
        words=words,
    )


def _user() -> str:
    """Return who captures; a number without a name is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
