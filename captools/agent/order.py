"""The start command, checked: what a keeper needs to know. Nothing of it is ever given to a shell."""

from __future__ import annotations

import base64
from typing import Any, Dict, List, Optional

from captools.agent import places
from captools.agent.places import Refused
from captools.agent.watch import Watch, compiled

LEASE_S = 1800.0
LINGER_S = 86400.0
UNTIL_AFTER_S = 5.0
MOST_TOOLS = 1000
LONGEST_WORDS = 256 * 1024  # of up to a thousand points


class Order:
    """One capture as it was asked for. Raises Refused (code "bad-command") for what cannot be meant."""

    def __init__(self, command: Dict[str, Any]) -> None:
        self.capture = places.check_id(command.get("capture"))
        self.tools = _specs(command.get("tools"))
        self.spool = places.document(command.get("spool"))
        self.folder: Optional[str] = command.get("dir") or self.spool.get("dir")
        if self.folder is not None and (not isinstance(self.folder, str) or "\0" in self.folder):
            raise Refused("spool dir: %r is no path" % (self.folder,), "bad-command")
        # Absent means the default, null means that there is none.
        self.lease_s = seconds(command.get("lease_s", LEASE_S), "lease_s")
        self.linger_s = seconds(command.get("linger_s"), "linger_s") or LINGER_S
        self.duration_s = seconds(command.get("duration_s"), "duration_s")
        self.watch: Optional[Watch] = None
        if command.get("until_regex") is not None:
            after_s = seconds(command.get("until_after_s"), "until_after_s")
            self.watch = Watch(compiled(command["until_regex"]), UNTIL_AFTER_S if after_s is None else after_s)
        self.words = command.get("words") or {}
        if not isinstance(self.words, dict) or len(str(self.words)) > LONGEST_WORDS:
            raise Refused("words: at most %d KiB" % (LONGEST_WORDS >> 10), "bad-command")


def seconds(value: object, name: str) -> Optional[float]:
    """Return a number of seconds, or None for null."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        raise Refused("%s: %r is no number of seconds" % (name, value), "bad-command")
    return float(value)


def _specs(tools: object) -> List[Dict[str, Any]]:
    if not isinstance(tools, list) or not 0 < len(tools) <= MOST_TOOLS:
        raise Refused("start: 1 to %d tools" % MOST_TOOLS, "bad-command")
    channels = set()
    for spec in tools:
        argv = spec.get("argv") if isinstance(spec, dict) else None
        if (
            not isinstance(argv, list)
            or not argv
            or not all(isinstance(part, str) and "\0" not in part for part in argv)
        ):
            raise Refused("start: argv is a list of words", "bad-command")
        channel = spec.get("channel")
        if not isinstance(channel, int) or not 0 < channel < 65536 or channel in channels:
            raise Refused("start: channel %r is not 1 to 65535, or is used twice" % (channel,), "bad-command")
        if not isinstance(spec.get("ready"), str) or not isinstance(spec.get("poll_signal", 0), int):
            raise Refused("start: channel %d lacks its ready marker" % channel, "bad-command")
        channels.add(channel)
    return tools


def base64_text(data: bytes) -> str:
    """Return bytes as base64 text."""
    return base64.b64encode(data).decode("ascii")
