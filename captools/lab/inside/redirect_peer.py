"""Forward to pods as Cilium's eBPF host routing does: a program at ingress hands their packets over past lxc*.

Started as ``redirect_peer.py DEVICES POD=LXC... [--deny CLIENT,POD]``; DEVICES is a comma list. What comes in there for
POD goes by bpf_redirect_peer() straight to the other end of LXC; what CLIENT sends to POD is dropped, all else passes on.
The program stays attached as long as this process lives. It is built here, so that no compiler is needed.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import socket
import struct
import sys

_SYSCALL = {"x86_64": 321, "aarch64": 280}
_PROG_LOAD, _LINK_CREATE = 5, 28  # enum bpf_cmd (kernel, include/uapi/linux/bpf.h)
_SCHED_CLS, _TCX_INGRESS = 3, 46  # enum bpf_prog_type, bpf_attach_type
_REDIRECT_PEER = 155  # enum bpf_func_id
_NEXT, _DROP = -1, 2  # TCX_NEXT, TCX_DROP
_DATA, _DATA_END = 76, 80  # of struct __sk_buff
_ETHERTYPE, _SOURCE, _DESTINATION, _END = 12, 26, 30, 34  # bytes of an Ethernet frame with IPv4
_LOG_BYTES = 65_536

# Opcodes (RFC 9669): loads of 2 and 4 bytes, register and constant moves, additions, jumps on 32 bits.
_LDH, _LDW, _MOV, _MOVK, _ADDK, _JGT, _JNE, _CALL, _EXIT = 0x69, 0x61, 0xBF, 0xB7, 0x07, 0x2D, 0x56, 0x85, 0x95


def instruction(code: int, dst: int = 0, src: int = 0, off: int = 0, imm: int = 0) -> bytes:
    """Return one instruction (RFC 9669, section 3.1)."""
    return struct.pack("<BBhi", code, dst | src << 4, off, imm)


def program(pods: dict[str, int], denied: list[tuple[str, str]]) -> bytes:
    """Return the program; ``pods`` gives each pod's address the index of its lxc* device."""
    steps: list[bytes] = []
    for client, pod in denied:
        steps += [
            instruction(_JNE, 5, off=3, imm=_word(pod)),
            instruction(_JNE, 4, off=2, imm=_word(client)),
            instruction(_MOVK, 0, imm=_DROP),
            instruction(_EXIT),
        ]
    for address, index in pods.items():
        steps += [
            instruction(_JNE, 5, off=4, imm=_word(address)),
            instruction(_MOVK, 1, imm=index),
            instruction(_MOVK, 2),
            instruction(_CALL, imm=_REDIRECT_PEER),
            instruction(_EXIT),
        ]
    head = [
        instruction(_LDW, 2, 1, _DATA),
        instruction(_LDW, 3, 1, _DATA_END),
        instruction(_MOV, 4, 2),
        instruction(_ADDK, 4, imm=_END),
        instruction(_JGT, 4, 3, off=len(steps) + 4),  # a frame too short for IPv4
        instruction(_LDH, 5, 2, _ETHERTYPE),
        instruction(_JNE, 5, off=len(steps) + 2, imm=socket.htons(0x0800)),
        instruction(_LDW, 4, 2, _SOURCE),
        instruction(_LDW, 5, 2, _DESTINATION),
    ]
    return b"".join([*head, *steps, instruction(_MOVK, 0, imm=_NEXT), instruction(_EXIT)])


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
    attributes = struct.pack("<IIQQIIQ", _SCHED_CLS, len(code) // 8, where[0], where[1], 1, _LOG_BYTES, where[2])
    try:
        return _bpf(_PROG_LOAD, attributes)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}\n{log.value.decode()}") from error


def attach(descriptor: int, device: str) -> int:
    """Attach a program at the ingress of a device (TCX); the link that is returned holds it there."""
    return _bpf(
        _LINK_CREATE, struct.pack("<IIII", descriptor, socket.if_nametoindex(device), _TCX_INGRESS, 0) + bytes(48)
    )


def main(devices: str, words: list[str]) -> None:
    """Attach, say so, and stay."""
    denied: list[tuple[str, str]] = []
    if "--deny" in words:
        at = words.index("--deny")
        client, _, pod = words[at + 1].partition(",")
        denied.append((client, pod))
        words = words[:at]
    pods = {word.partition("=")[0]: socket.if_nametoindex(word.partition("=")[2]) for word in words}
    descriptor = load(program(pods, denied))
    links = [attach(descriptor, device) for device in devices.split(",")]
    print(f"attached {len(links)}", flush=True)
    signal.pause()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
