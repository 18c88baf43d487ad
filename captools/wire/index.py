"""Find out what a file is by its first bytes, and index its records."""

from __future__ import annotations

from captools.model.errors import MalformedCapture
from captools.wire.blocks import MAGIC as PCAPNG_MAGIC
from captools.wire.pcap import MAGICS, read_pcap
from captools.wire.pcapng import read_pcapng
from captools.wire.records import Records


def is_capture(head: bytes) -> bool:
    """Tell whether a file that starts with ``head`` (4 bytes or more) is a capture file."""
    return head[:4] in MAGICS or head[:4] == PCAPNG_MAGIC


def read_records(data: bytes | bytearray | memoryview, where: str) -> Records:
    """Return the index of a pcap or pcapng file; raise MalformedCapture for anything else."""
    head = bytes(data[:4])
    if head in MAGICS:
        return read_pcap(data, where)
    if head == PCAPNG_MAGIC:
        return read_pcapng(data, where)
    raise no_capture(bytes(data[:64]), where)


def no_capture(head: bytes, where: str) -> MalformedCapture:
    """Return the error for a file that begins with ``head`` (as much as is there) and is no capture."""
    if not head:
        return MalformedCapture(
            f"{where}: the file is empty, it has not even a capture header",
            hint="the capture tool was probably stopped before it started; capture again",
        )
    return MalformedCapture(f"{where}: not a capture file: {_describe(head)}", hint=_advice(head))


def _describe(head: bytes) -> str:
    if looks_like_text(head):
        first = head.split(b"\n")[0][:40].decode("utf-8", "replace")
        return f"it is text that begins with {first!r}"
    return f"it begins with the bytes {head[:4].hex(' ')}"


def _advice(head: bytes) -> str:
    if looks_like_text(head):
        return "give the pcap that the tool wrote (tcpdump -w FILE, ngrep -O FILE)"
    return "give a pcap or pcapng file"


def looks_like_text(head: bytes) -> bool:
    """Tell whether ``head`` is printable text."""
    return bool(head) and all(byte in b"\t\r\n\x1b" or 32 <= byte < 127 or byte >= 128 for byte in head)
