"""A socket that chooses its backend: the program, and what it does to real sockets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from captools.lab.inside.socket_lb import instruction, program
from captools.lab.netns import INSIDE

BACKENDS = ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
_CALL = """
import socket, sys
one = socket.socket()
one.settimeout(2)
address, port = sys.argv[1].split(":")
if one.connect_ex((address, int(port))) == 0:
    print(*one.getpeername())
"""


def test_an_instruction_is_eight_bytes_as_the_standard_lays_them_out():
    # RFC 9669, section 3.1: opcode, registers (source high), offset and constant in the machine's order.
    assert instruction(0xB7, 1, 2, 3, -1) == bytes([0xB7, 0x21]) + (3).to_bytes(2, sys.byteorder) + b"\xff" * 4


def test_no_jump_leaves_the_program_and_all_lead_forward():
    code = program("10.96.0.1", 80, BACKENDS)
    steps = [code[at : at + 8] for at in range(0, len(code), 8)]
    for at, step in enumerate(steps):
        if step[0] == 0x56:  # a jump if not equal
            assert 0 <= int.from_bytes(step[2:4], sys.byteorder, signed=True) < len(steps) - at - 1
    assert steps[-1][0] == 0x95


def groups() -> set[Path]:
    """Return the control groups of balanced sockets that there are: other labs may have theirs."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    root = next(Path(words[1]) for words in mounts if words[2] == "cgroup2")
    return set(root.glob("captools-lab-*"))


@pytest.mark.lab
def test_connections_to_the_service_reach_backends_and_no_others_are_touched(tmp_path: Path):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    before = groups()
    server = subprocess.Popen(
        [sys.executable, "-c", "import socket,time; s=socket.create_server(('0.0.0.0', 0)); print(s.getsockname()[1], "
         "flush=True); time.sleep(60)"], stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        port = server.stdout.readline().strip()

        def called(address: str) -> Counter[str]:
            argv = [sys.executable, str(INSIDE / "socket_lb.py"), f"198.51.100.9:{port}", ",".join(BACKENDS), "24",
                    sys.executable, "-c", _CALL, f"{address}:{port}"]  # fmt: skip
            done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stderr
            return Counter(done.stdout.splitlines())

        chosen = called("198.51.100.9")
        assert set(chosen) == {f"{backend} {port}" for backend in BACKENDS} and chosen.total() == 24
        assert called("127.0.0.1") == {f"127.0.0.1 {port}": 24}
    finally:
        server.kill()
        server.wait()
    assert groups() <= before
