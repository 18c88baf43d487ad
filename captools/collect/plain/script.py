"""What a node without Python is told: POSIX sh, fed through the channel's own stdin. Pure.

The line that starts the remote shell never changes; names and filters stand in the script only, quoted for sh and
for nothing else. Sections of the answer are told apart by a random mark that no output can know. Everything is one
function, called on the last line: a shell that reads its script in blocks has then read all of it. Nothing here
needs more than busybox.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

# Logins without a login shell often lack the sbin folders, where tcpdump and ip live.
# WG_HIDE_KEYS=never in a login's environment would have `wg show` print private keys.
_PATH = (
    'PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"; LC_ALL=C; WG_HIDE_KEYS=always; '
    "export PATH LC_ALL WG_HIDE_KEYS"
)

# As in launch.py: no "!" and no line break (csh), and sudo only where the login is not root and sudo does not ask.
LAUNCHER = (
    'if [ "$(id -u)" -eq 0 ]; then exec /bin/sh -s; fi; '
    "if s=$(sudo -n env true 2>&1); "
    'then exec sudo -n env SSH_CONNECTION="$SSH_CONNECTION" /bin/sh -s; fi; '
    'CAPTOOLS_SUDO_SAID="$s"; export CAPTOOLS_SUDO_SAID; exec /bin/sh -s'
)

# The same commands as the agent's (agent/facts.py), and a test holds the two together.
NETWORK: dict[str, list[list[str]]] = {
    "ip-link.json": [["ip", "-d", "-j", "link"]],
    "ip-addr.json": [["ip", "-j", "addr"]],
    "ip-rule.json": [["ip", "-j", "rule"], ["ip", "-6", "-j", "rule"]],
    "ip-route.json": [
        ["ip", "-4", "-j", "route", "show", "table", "all"],
        ["ip", "-6", "-j", "route", "show", "table", "all"],
    ],
    "ip-neigh.json": [["ip", "-j", "neigh"]],
    "wg.txt": [["wg", "show"]],
    "conntrack.txt": [["head", "-c", "1048576", "/proc/net/nf_conntrack"]],
    "net-dev.txt": [["cat", "/proc/net/dev"]],
    "net-stat.txt": [["cat", "/proc/net/snmp"], ["cat", "/proc/net/netstat"]],
    "nft.txt": [["nft", "-a", "list", "ruleset"]],
}
# An ip without JSON (busybox, iproute2 before 4.13) still lists names, addresses and routes.
WITHOUT_JSON: dict[str, list[list[str]]] = {
    "ip-addr.txt": [["ip", "addr"]],
    "ip-route.txt": [["ip", "route", "show", "table", "all"]],
}
SELF: dict[str, list[list[str]]] = {
    "hostname": [["uname", "-n"]], "system": [["uname", "-s", "-n", "-r", "-v", "-m"]], "euid": [["id", "-u"]],
    "tcpdump": [["tcpdump", "--version"]],
}  # fmt: skip
ALIVE, COUNTS, STOP = b"b", b"p", b"s"  # one byte each, to a point's shell
SILENCE_S = 60  # a shell that hears nothing for so long ends its tool
_LONGEST_MARK = 256
MAX_ANSWER = 32 * 1024 * 1024


def facts_script(mark: str) -> bytes:
    """Return the script that tells everything, then answers each further line with the clock (ns since 1970).

    The line ``again`` tells everything once more. Each section begins with ``MARK > name`` and ends with
    ``MARK < code``; after the last one comes ``MARK .``; the answer to any other line is ``MARK @ time``.
    """
    commands = {**SELF, **NETWORK, **WITHOUT_JSON}
    rows = [f"say {name} {shlex.join(argv)}" for name, several in commands.items() for argv in several]
    told = "\n".join([*rows, 'say ssh_connection echo "$SSH_CONNECTION"', 'say sudo_said echo "$CAPTOOLS_SUDO_SAID"'])
    return f"""main() {{
{_PATH}
mark={mark}
{_limit(10)}
say() {{
printf '\\n%s > %s\\n' "$mark" "$1"
shift
$limit "$@" </dev/null 2>&1
printf '\\n%s < %s\\n' "$mark" "$?"
}}
tell() {{
{told}
printf '\\n%s .\\n' "$mark"
}}
tell
while read -r word; do
if [ "$word" = again ]; then tell; else printf '\\n%s @ %s\\n' "$mark" "$(date +%s%N)"; fi
done
}}
main
""".encode()


def tool_script(mark: str, argv: Sequence[str]) -> bytes:
    """Return the script that runs one tool: its packets on stdout after ``MARK``, its words on stderr.

    stdin carries one byte per wish (ALIVE, COUNTS, STOP); its end, or SILENCE_S without a byte, means STOP. On stderr
    ``MARK exit CODE`` comes last. The tool gets SIGTERM: sh starts what runs in the background with SIGINT ignored.
    ValueError for an argument that no program can be given.
    """
    if any("\0" in part for part in argv):
        raise ValueError("a zero byte cannot be part of a command")
    return f"""main() {{
{_PATH}
mark={mark}
{_limit(SILENCE_S)}
exec 3<&0
printf '\\n%s\\n' "$mark"
{shlex.join(argv)} </dev/null 3<&- &
tool=$!
{{
while word=$($limit dd bs=1 count=1 2>/dev/null <&3); do
case "$word" in {ALIVE.decode()}) ;; {COUNTS.decode()}) kill -USR1 "$tool" ;; *) break ;; esac
done
kill -TERM "$tool"
}} >/dev/null 2>&1 &
reader=$!
wait "$tool"
code=$?
kill "$reader" 2>/dev/null
printf '\\n%s exit %s\\n' "$mark" "$code" >&2
exit 0
}}
main
""".encode()


def _limit(seconds: int) -> str:
    # busybox before 1.30 spells it "timeout -t 10": then nothing is limited, which works too.
    return f'if timeout 5 true 2>/dev/null; then limit="timeout {seconds}"; else limit=; fi'


class Answers:
    """The control channel read: feed it bytes, take sections and clock readings. Pure."""

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self._pattern = re.compile(rb"\n" + mark.encode() + rb" (?:> (\S{1,99})|< (\d{1,9})|@ (\S{0,99})|(\.))\n")
        self._buffer = bytearray()
        self._total = 0  # bytes since the last complete telling
        self._name = ""
        self._sections: dict[str, list[str]] = {}
        self.told: dict[str, list[str]] | None = None  # the newest complete telling; None until there is one
        self.times: list[int | None] = []  # None where the node's date knows no nanoseconds

    def feed(self, data: bytes) -> None:
        """Take bytes as they come; ValueError where they never end."""
        seen = max(0, len(self._buffer) - _LONGEST_MARK)  # before it there is no mark: an endless answer costs once
        self._buffer += data
        self._total += len(data)
        while found := self._pattern.search(self._buffer, seen):
            seen = 0
            begin, code, time, end = found.groups()
            if begin:
                self._name = begin.decode("ascii", "replace")
            elif code == b"0":
                text = bytes(self._buffer[1 : found.start()]).decode("utf-8", "replace")
                self._sections.setdefault(self._name, []).append(text)
            elif time is not None:
                # Nineteen digits: seconds and nanoseconds. A date without %N prints it as it stands.
                self.times.append(int(time) if re.fullmatch(rb"\d{19}", time) else None)
            elif end:
                self.told, self._sections, self._total = self._sections, {}, 0
            # The line break in front of the next mark may be this one's own.
            del self._buffer[: found.end() - 1]
        if self._total > MAX_ANSWER:
            raise ValueError(f"more than {MAX_ANSWER >> 20} MiB without an end")

    @property
    def banner(self) -> str:
        """What came in place of the first answer."""
        return self._buffer.decode("utf-8", "replace") if self.told is None and not self._sections else ""
