"""Namespaces and the processes in them: one holder per machine, everything else enters it.

Every process of a lab lives in the lab's own PID namespace: killing its process 1 (inside/init.py) ends them all,
and with the last process its network and mount namespaces are gone. Nothing is named or mounted on the host.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from captools.model.errors import CaptureFailed

INSIDE = Path(__file__).parent / "inside"
_RUN_TIMEOUT_S = 30.0

# Runs as the holder, in fresh namespaces. $1 host name, $2 a folder of files to put over /etc, or "".
# It tells its process id as the host sees it before /proc becomes the lab's own.
_HOLD = """
set -e
read -r pid rest </proc/self/stat
hostname -- "$1"
if [ -n "$2" ]; then
  mount -t tmpfs -o mode=0755 tmpfs /run
  mount -t tmpfs -o mode=1777 tmpfs /var/tmp
  [ -L /var/run ] || mount --rbind /run /var/run
  mkdir -p /run/sshd /run/wireguard /run/captools-lab
  for file in "$2"/*; do
    mount --bind "$file" "/etc/${file##*/}"
  done
  mount -t sysfs sysfs /sys
  mount -t proc proc /proc
fi
echo "$pid"
exec sleep infinity >/dev/null 2>&1 </dev/null
"""


def python(program: str, *arguments: str) -> list[str]:
    """Return the argv that runs one of the programs in ``inside/``, without site packages: it starts in 15 ms."""
    return [sys.executable, "-I", "-S", str(INSIDE / f"{program}.py"), *arguments]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A node, router, pod or switch: namespaces owned by one holder process.

    ``pid`` is the holder as the host sees it. ``mounts`` tells whether it has a mount namespace of its own
    (nodes do, pods and switches do not).
    """

    name: str
    pid: int
    mounts: bool

    def enter(self, argv: Sequence[str], *, pids: bool = True) -> list[str]:
        """Return the argv that runs ``argv`` in this machine, as a child of the caller.

        A machine with mounts of its own has the lab's /proc: what runs there must be in the lab's PID namespace
        too, or /proc/self and /dev/stdin lead nowhere. nsenter then forks, so signal its process
        group. ``pids`` False leaves that out.
        """
        spaces = ["--net", "--uts"]
        if self.mounts:
            spaces += ["--mount", "--pid"] if pids else ["--mount"]
        return ["nsenter", "--target", str(self.pid), *spaces, "--", *argv]

    def run(self, argv: Sequence[str], *, text: str = "", timeout: float = _RUN_TIMEOUT_S) -> str:
        """Run a command to its end and return its stdout; CaptureFailed with its own words if it fails."""
        return finish(self.enter(argv), f"{self.name}: {argv[0]}", text=text, timeout=timeout)

    def start(self, argv: Sequence[str]) -> subprocess.Popen[str]:
        """Start a command as a child of this process, its output piped, leading a process group to signal."""
        return subprocess.Popen(
            self.enter(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip

    def batch(self, lines: Sequence[str]) -> None:
        """Give lines to one ``ip -batch``; the first that fails ends it with CaptureFailed."""
        finish(
            # "netns PID" names processes as the host sees them.
            self.enter(["ip", "-batch", "-"], pids=False),
            f"{self.name}: ip -batch",
            text="\n".join(lines) + "\n",
            explain=lambda error: _name_line(error, lines),
        )

    def daemon(self, argv: Sequence[str], log: Path, *, env: dict[str, str] | None = None) -> None:
        """Start a long-running process inside the lab's PID namespace: it dies with the lab, not with us."""
        spaces = ["--net", "--uts", *(["--mount"] if self.mounts else [])]
        with log.open("ab") as out:
            subprocess.run(
                ["nsenter", "--target", str(self.pid), "--pid", *spaces, "--", "setsid", "--fork", *argv],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, check=True, timeout=_RUN_TIMEOUT_S,
            )  # fmt: skip

    def listens(self, port: int, address: str = "") -> bool:
        """Tell whether something accepts TCP connections on ``port`` here; over IPv6 if ``address`` is such a one."""
        rows = _read(f"/proc/{self.pid}/net/tcp{'6' if ':' in address else ''}").splitlines()[1:]
        # Columns: slot, local address:port in hex, remote, state; state 0A is LISTEN (kernel, proc_net_tcp).
        return any(row.split()[1].endswith(f":{port:04X}") and row.split()[3] == "0A" for row in rows)

    def has_file(self, path: str) -> bool:
        """Tell whether a file exists here, in the machine's own mounts."""
        return Path(f"/proc/{self.pid}/root{path}").exists()


def hold(init_pid: int, name: str, *, etc: Path | None = None, mounts: bool = False) -> subprocess.Popen[str]:
    """Start a holder in the PID namespace of ``init_pid``; ``held`` waits for it.

    Two steps, so that all machines of a lab start side by side. ``etc`` is a folder of files that appear in
    the machine's /etc, in its own mount namespace only.
    """
    spaces = ["--net", "--uts", *(["--mount"] if mounts else [])]
    return subprocess.Popen(
        [
            "nsenter", "--target", str(init_pid), "--pid", "--", "setsid", "--fork",
            "unshare", *spaces, "--", "sh", "-c", _HOLD, "holder", name, str(etc) if etc else "",
        ],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def held(starting: subprocess.Popen[str], name: str, *, mounts: bool = False) -> Machine:
    """Wait until a holder says it is ready; CaptureFailed with its own words if it does not."""
    assert starting.stdout is not None and starting.stderr is not None
    with starting, starting.stdout, starting.stderr:
        line = starting.stdout.readline().strip()
        if not line.isdigit():
            why = starting.stderr.read().strip() or "no reason given"
            raise CaptureFailed(
                f"lab machine {name}: its namespaces could not be made ({why})",
                hint="run as root on a machine that allows network, mount and PID namespaces",
            )
    return Machine(name=name, pid=int(line), mounts=mounts)


def finish(
    argv: Sequence[str],
    what: str,
    *,
    text: str = "",
    timeout: float = _RUN_TIMEOUT_S,
    explain: Callable[[str], str] = str,
) -> str:
    """Run a command to its end; CaptureFailed that says ``what`` failed and why."""
    try:
        done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise CaptureFailed(f"lab: {what} did not end within {timeout:.0f} s") from error
    if done.returncode:
        raise CaptureFailed(f"lab: {what} failed: {explain(done.stderr.strip() or f'exit code {done.returncode}')}")
    return done.stdout


def _name_line(error: str, lines: Sequence[str]) -> str:
    """Put the line ``ip -batch`` stopped at beside its message (``Command failed -:LINE``)."""
    number = error.rpartition("-:")[2].split("\n")[0]
    if number.isdigit() and 0 < int(number) <= len(lines):
        return f"{error.splitlines()[0]} in: ip {lines[int(number) - 1]}"
    return error


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
