"""Run a command whose sockets choose a service's backends themselves, as Cilium's socket load balancer does.

Started as ``socket_lb.py ADDRESS:PORT BACKEND,BACKEND... TIMES COMMAND...``: runs COMMAND that often, one after the other. A
program at connect() gives what calls ADDRESS:PORT one of the backends by lot, before any packet is made. It is attached to a
control group that lives as long as this process. It is built here, so that no compiler is needed.
"""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

_SYSCALL = {"x86_64": 321, "aarch64": 280}
_PROG_LOAD, _LINK_CREATE = 5, 28  # enum bpf_cmd (kernel, include/uapi/linux/bpf.h)
OLD_S = 600  # seconds: no lab's traffic takes so long
_SOCK_ADDR, _INET4_CONNECT = 18, 10  # enum bpf_prog_type, bpf_attach_type
_RANDOM = 7  # enum bpf_func_id: bpf_get_prandom_u32
_ADDRESS, _PORT = 4, 24  # of struct bpf_sock_addr
_LOG_BYTES = 65_536

# Opcodes (RFC 9669): loads, stores and constant moves of 4 bytes, remainder, jumps on 32 bits.
_LDW, _STW, _MOV, _MOVK, _MODK, _JNE, _CALL, _EXIT = 0x61, 0x63, 0xBF, 0xB4, 0x94, 0x56, 0x85, 0x95


def instruction(code: int, dst: int = 0, src: int = 0, off: int = 0, imm: int = 0) -> bytes:
    """Return one instruction (RFC 9669, section 3.1)."""
    return struct.pack("<BBhi", code, dst | src << 4, off, imm)


def program(address: str, port: int, backends: Sequence[str]) -> bytes:
    """Return the program: another destination, each with the same chance, for sockets that call the service."""
    steps = [
        instruction(_CALL, imm=_RANDOM),
        instruction(_MODK, 0, imm=len(backends)),
        instruction(_MOVK, 2, imm=_word(backends[-1])),
    ]
    for number, backend in enumerate(backends[:-1]):
        steps += [instruction(_JNE, 0, off=1, imm=number), instruction(_MOVK, 2, imm=_word(backend))]
    steps.append(instruction(_STW, 6, 2, _ADDRESS))
    head = [
        instruction(_MOV, 6, 1),
        instruction(_LDW, 2, 6, _ADDRESS),
        instruction(_JNE, 2, off=len(steps) + 2, imm=_word(address)),
        instruction(_LDW, 3, 6, _PORT),
        instruction(_JNE, 3, off=len(steps), imm=socket.htons(port)),
    ]
    return b"".join([*head, *steps, instruction(_MOVK, 0, imm=1), instruction(_EXIT)])


def _word(address: str) -> int:
    """Return an IPv4 address as a load of four bytes gives it, as a signed number."""
    found: int = struct.unpack("=i", socket.inet_aton(address))[0]
    return found


def _bpf(command: int, attributes: bytes) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    held = ctypes.create_string_buffer(attributes, len(attributes))
    done: int = library.syscall(_SYSCALL[platform.machine()], command, held, len(attributes))
    if done < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return done


def load(code: bytes) -> int:
    """Give a program to the kernel and return its descriptor; OSError with the verifier's words where it refuses."""
    held, licence = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(b"GPL")
    log = ctypes.create_string_buffer(_LOG_BYTES)
    where = [ctypes.addressof(one) for one in (held, licence, log)]
    attributes = struct.pack("<IIQQIIQ", _SOCK_ADDR, len(code) // 8, where[0], where[1], 1, _LOG_BYTES, where[2])
    # kernel version, flags, name, interface, and where the program will be attached
    attributes += struct.pack("<II16sII", 0, 0, b"connect", 0, _INET4_CONNECT)
    try:
        return _bpf(_PROG_LOAD, attributes)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}\n{log.value.decode()}") from error


@contextmanager
def balancing(descriptor: int) -> Iterator[None]:
    """Let this process and its children be balanced by a program during a block."""
    with open("/proc/self/mounts") as mounts:
        root = next(line.split()[1] for line in mounts if line.split()[2] == "cgroup2")
    _tidy(root)
    group = f"{root}/captools-lab-{os.getpid()}-{os.urandom(4).hex()}"  # labs count their processes each for itself
    os.mkdir(group)
    try:
        folder = os.open(group, os.O_RDONLY)
        link = _bpf(_LINK_CREATE, struct.pack("<IIII", descriptor, folder, _INET4_CONNECT, 0) + bytes(48))
        _enter(group)
        yield
        os.close(link)
        os.close(folder)
    finally:
        _enter(root)
        os.rmdir(group)


def _tidy(root: str) -> None:
    """Remove groups that a killed lab left behind: old ones, and only empty ones can be."""
    for name in os.listdir(root):
        path = f"{root}/{name}"
        if name.startswith("captools-lab-"):
            with suppress(OSError):
                if time.time() - os.stat(path).st_mtime > OLD_S:
                    os.rmdir(path)


def _enter(group: str) -> None:
    with open(f"{group}/cgroup.procs", "w") as members:
        members.write("0")


def main(service: str, backends: str, times: int, command: Sequence[str]) -> None:
    """Run the command, its output ours."""
    address, _, port = service.partition(":")
    descriptor = load(program(address, int(port), backends.split(",")))
    with balancing(descriptor):
        for _ in range(times):
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:])
