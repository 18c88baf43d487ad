"""tshark's own display filter over a capture file: for fields that the packet table does not hold."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

from captools.deep.keys import NO_KEYS, Keys
from captools.model.errors import MalformedCapture, ToolMissing, UsageError

TIMEOUT_S = 600.0
# An empty pcap (magic, version 2.4, snap length, Ethernet): enough for tshark to say what it thinks of a filter.
_EMPTY = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)


def check_filter(text: str) -> None:
    """Raise UsageError with tshark's reason where it does not understand the filter, ToolMissing without tshark."""
    done = _tshark(["-r", "-", "-Y", text], _EMPTY, 60.0)
    if done.returncode:
        raise UsageError(f"display filter: {_reason(done.stderr)}", hint="see the manual page wireshark-filter")


def frames_by_tshark(
    path: Path | str,
    text: str,
    *,
    vxlan_ports: Sequence[int] = (8472,),
    keys: Keys = NO_KEYS,
    timeout_s: float = TIMEOUT_S,
) -> list[int]:
    """Return the numbers (from 1) of the frames of a capture file that pass ``tshark -Y text``, in order.

    Unlike the packet table, tshark puts fragments and TCP segments together, and with ``keys`` it decrypts. A file that
    ends in mid-record gives its whole frames. Raises UsageError for the filter, MalformedCapture for the file,
    ToolMissing without tshark.
    """
    rows = fields_by_tshark(path, text, ("frame.number",), vxlan_ports=vxlan_ports, keys=keys, timeout_s=timeout_s)
    return [int(number) for (number,) in rows if number.isdigit()]


def fields_by_tshark(
    path: Path | str,
    text: str,
    fields: Sequence[str],
    *,
    vxlan_ports: Sequence[int] = (8472,),
    keys: Keys = NO_KEYS,
    timeout_s: float = TIMEOUT_S,
) -> list[tuple[str, ...]]:
    """Return ``fields`` of the frames that pass ``tshark -Y text``, each as its innermost layer has it; errors as above."""
    check_filter(text)
    keys.check()
    argv = ["-r", str(Path(path).resolve()), "-Y", text, "-T", "fields", "-E", "occurrence=l"]
    argv += [word for field in fields for word in ("-e", field)]
    for port in vxlan_ports:
        argv += ["-d", f"udp.port=={int(port)},vxlan"]
    for name, value in keys.preferences().items():
        argv += ["-o", f"{name}:{value}"]
    try:
        done = _tshark(argv, b"", timeout_s)
    except subprocess.TimeoutExpired as error:
        raise MalformedCapture(
            f"{path}: tshark was not done within {timeout_s:g} s", hint="filter a smaller file, or without --deep"
        ) from error
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    rows = [found for line in lines if len(found := tuple(line.split("\t"))) == len(fields)]
    if done.returncode and not rows and b"cut short" not in done.stderr:
        raise MalformedCapture(f"{path}: tshark cannot read it ({_reason(done.stderr)})", hint="is it a capture?")
    return rows


def _tshark(argv: list[str], stdin: bytes, timeout_s: float) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["tshark", "-n", *argv], input=stdin, capture_output=True, timeout=timeout_s, check=False)
    except FileNotFoundError as error:
        raise ToolMissing("tshark is not installed", hint="apt-get install tshark, or filter without --deep") from error
    except ValueError as error:  # a NUL in the filter
        raise UsageError("display filter: it holds a zero byte", hint="leave it out") from error


def _reason(stderr: bytes) -> str:
    """Return the first line in which tshark itself complains, without its name."""
    lines = stderr.decode("utf-8", "replace").splitlines()
    told = [line for line in lines if line.startswith("tshark: ")] or lines or ["no reason given"]
    return told[0].removeprefix("tshark: ").rstrip(".")
