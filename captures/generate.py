"""Write a synthetic capture of cluster traffic: ``python -m captures.generate FILE --packets 1000000 --seed 1``.

Seeded, so that the same command gives the same bytes; block by block, so that memory does not grow with the file.
The mix (HTTP with X-Forwarded-For, TLS, VXLAN, WireGuard, DNS, ARP, ICMP, IPv6, VLAN, Geneve, IPIP, GRE) is what all
speed figures refer to.
"""

from __future__ import annotations

import argparse
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from captures.traffic.canvas import Canvas
from captures.traffic.frames import LINKS, WITHOUT_ARP, Frames
from captures.traffic.payload import Filler
from captures.traffic.scripts import ARP, make_scripts
from captures.traffic.sessions import Ints, Packets, Script, Sessions, Traffic, behind
from captures.traffic.templates import make_templates

# format: (magic, byte order, ns per tick)
_PCAP = {"pcap": (0xA1B2C3D4, "<", 1_000), "pcapns": (0xA1B23C4D, "<", 1), "pcapbe": (0xA1B2C3D4, ">", 1_000)}
FORMATS = (*_PCAP, "pcapng")
BLOCK = 250_000
_INTERFACES = 4  # of a pcapng file
_SNAPLEN = 262_144


def generate(
    *, packets: int, seed: int = 1, link: str = "en10mb", form: str = "pcap", vantage: str = "a", block: int = BLOCK
) -> Iterator[bytes]:
    """Yield the bytes of a capture of ``packets`` packets (fewer at vantage "b", or where a link cannot carry ARP)."""
    rng = np.random.default_rng(seed)
    templates = make_templates(rng)
    script = Script(make_scripts(rng, templates))
    filler, traffic = Filler(templates, rng), Traffic(script, seed)
    frames = Frames(script, filler, link, behind=vantage == "b")
    yield _file_header(form, LINKS[link][0])
    left = packets
    while left > 0:
        sessions, some = traffic.block(min(block, left))
        left -= len(some)
        if vantage == "b":
            some = behind(some)
        if link in WITHOUT_ARP:
            some = some.take(np.flatnonzero(some.kind != ARP))
            some.vlan = np.zeros_like(some.vlan)
        yield _records(frames, sessions, some, form)


def _records(frames: Frames, sessions: Sessions, packets: Packets, form: str) -> bytes:
    size = frames.sizes(packets)
    ng = form == "pcapng"
    whole: Ints = size + (32 + (-size) % 4 if ng else 16)
    at = np.cumsum(whole) - whole
    canvas = Canvas(int(whole.sum()))
    if ng:
        fields: tuple[Ints | int, ...] = (
            6,
            whole,
            packets.session % _INTERFACES,
            packets.ts_ns >> 32,
            packets.ts_ns & 0xFFFFFFFF,
            size,
            size,
        )
        for place, value in enumerate(fields):
            canvas.u32(at + 4 * place, value, little=True)
        canvas.u32(at + whole - 4, whole, little=True)
    else:
        _magic, order, tick = _PCAP[form]
        seconds, rest = np.divmod(packets.ts_ns, 1_000_000_000)
        for place, value in enumerate((seconds, rest // tick, size, size)):
            canvas.u32(at + 4 * place, value, little=order == "<")
    frames.write(canvas, at + (28 if ng else 16), sessions, packets)
    return canvas.bytes.tobytes()


def _file_header(form: str, linktype: int) -> bytes:
    if form != "pcapng":
        magic, order, _tick = _PCAP[form]
        return struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, _SNAPLEN, linktype)
    out = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    for index in range(_INTERFACES):
        name = b"lxc%05d" % index
        options = struct.pack("<HH8s", 2, len(name), name) + struct.pack("<HHBxxx", 9, 1, 9) + struct.pack("<HH", 0, 0)
        size = 20 + len(options)
        out += struct.pack("<IIHHI", 1, size, linktype, 0, _SNAPLEN) + options + struct.pack("<I", size)
    return out


def main(arguments: list[str] | None = None) -> None:
    """Write the capture that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m captures.generate", description=__doc__.partition(":")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--link", choices=tuple(LINKS), default="en10mb")
    parser.add_argument("--format", choices=FORMATS, default="pcap")
    parser.add_argument("--vantage", choices=("a", "b"), default="a", help="b: the same packets at the pod's side")
    parser.add_argument("--block", type=int, default=BLOCK, help="packets in memory at once (part of the seed)")
    asked = parser.parse_args(arguments)
    with asked.file.open("wb") as out:
        for data in generate(
            packets=asked.packets, seed=asked.seed, link=asked.link, form=asked.format, vantage=asked.vantage,
            block=asked.block,
        ):  # fmt: skip
            out.write(data)


if __name__ == "__main__":
    main()
